#include "wire/ssh/signature.h"

#include <algorithm>
#include <array>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "wire/ssh/encoding.h"

namespace passport::wire::ssh {
namespace {

struct Entry {
  SignatureAlgorithm algorithm;
  std::string_view name;
  KeyType type;
  const EVP_MD* (*digest)();  ///< null: the algorithm has its own
};
constexpr std::array<Entry, 6> kAlgorithms = {{
    {SignatureAlgorithm::kEd25519, "ssh-ed25519", KeyType::kEd25519, nullptr},
    {SignatureAlgorithm::kRsaSha512, "rsa-sha2-512", KeyType::kRsa, EVP_sha512},
    {SignatureAlgorithm::kRsaSha256, "rsa-sha2-256", KeyType::kRsa, EVP_sha256},
    {SignatureAlgorithm::kRsaSha1, "ssh-rsa", KeyType::kRsa, EVP_sha1},
    {SignatureAlgorithm::kEcdsaP256, "ecdsa-sha2-nistp256", KeyType::kEcdsaP256, EVP_sha256},
    {SignatureAlgorithm::kEcdsaP384, "ecdsa-sha2-nistp384", KeyType::kEcdsaP384, EVP_sha384},
}};

const Entry& entry_of(SignatureAlgorithm algorithm) {
  return *std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                       [&](const Entry& e) { return e.algorithm == algorithm; });
}

bool is_ecdsa(KeyType type) {
  return type == KeyType::kEcdsaP256 || type == KeyType::kEcdsaP384;
}

Error malformed(std::string detail) {
  return {Errc::kMalformed, "signature: " + std::move(detail)};
}

struct FreeOpenssl {
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(ECDSA_SIG* p) const { ECDSA_SIG_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeOpenssl>;

struct Split {
  const Entry* entry;
  ByteView body;
};

Result<Split> split(ByteView signature) {
  ByteReader in(signature);
  const auto name = as_text(read_string(in));
  const auto body = read_string(in);
  if (!in.ok() || in.left() != 0) return malformed("a length contradicts the blob's");
  for (const auto& entry : kAlgorithms)
    if (entry.name == name) return Split{&entry, body};
  return malformed("of an unknown algorithm");
}

void append_number(Bytes& out, const BIGNUM* number) {
  Bytes magnitude(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, magnitude.data());
  append_mpint(out, magnitude);
}

/// libcrypto's DER as the two mpints of RFC 5656.
Result<Bytes> ecdsa_from_der(ByteView der) {
  const auto* in = der.data();
  const Owned<ECDSA_SIG> parsed(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
  if (!parsed) return Error{Errc::kInternal, "libcrypto made no ECDSA signature"};
  Bytes out;
  append_number(out, ECDSA_SIG_get0_r(parsed.get()));
  append_number(out, ECDSA_SIG_get0_s(parsed.get()));
  return out;
}

Result<Bytes> ecdsa_to_der(ByteView body) {
  ByteReader in(body);
  const auto r = read_string(in);
  const auto s = read_string(in);
  if (!in.ok() || in.left() != 0 || !is_positive_mpint(r) || !is_positive_mpint(s))
    return malformed("not the two numbers of ECDSA");
  const Owned<ECDSA_SIG> made(ECDSA_SIG_new());
  Owned<BIGNUM> r_number(BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr));
  Owned<BIGNUM> s_number(BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr));
  if (!made || ECDSA_SIG_set0(made.get(), r_number.get(), s_number.get()) != 1)
    return malformed("not the two numbers of ECDSA");
  (void)r_number.release();
  (void)s_number.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(made.get(), &der);
  if (size <= 0) return malformed("not the two numbers of ECDSA");
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

}  // namespace

std::string_view name_of(SignatureAlgorithm algorithm) {
  return entry_of(algorithm).name;
}

bool fits(SignatureAlgorithm algorithm, KeyType type) {
  return entry_of(algorithm).type == type;
}

Result<SignatureAlgorithm> find_algorithm(ByteView signature) {
  const auto parts = split(signature);
  if (!parts) return parts.error();
  return parts->entry->algorithm;
}

Result<Bytes> sign(EVP_PKEY* key, KeyType type, SignatureAlgorithm algorithm, ByteView data) {
  const auto& entry = entry_of(algorithm);
  if (entry.type != type)
    return Error{Errc::kUsage, std::string(entry.name) + " does not fit the key's type"};
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const auto* digest = entry.digest ? entry.digest() : nullptr;
  std::size_t size = 0;
  const Error refused{Errc::kInternal, "libcrypto cannot sign with " + std::string(entry.name)};
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data.data(), data.size()) != 1)
    return refused;
  Bytes body(size);
  if (EVP_DigestSign(context.get(), body.data(), &size, data.data(), data.size()) != 1)
    return refused;
  body.resize(size);
  if (is_ecdsa(type)) {
    auto numbers = ecdsa_from_der(body);
    if (!numbers) return numbers.error();
    body = std::move(*numbers);
  }
  Bytes out;
  append_string(out, entry.name);
  append_string(out, body);
  return out;
}

Result<void> verify(const PublicKey& key, ByteView signature, ByteView data) {
  const auto parts = split(signature);
  if (!parts) return parts.error();
  if (parts->entry->type != key.type) return malformed("of another type than its key");
  const auto pkey = make_pkey(key);
  if (!pkey) return pkey.error();
  Bytes body(parts->body.begin(), parts->body.end());
  if (is_ecdsa(key.type)) {
    auto der = ecdsa_to_der(body);
    if (!der) return der.error();
    body = std::move(*der);
  }
  // RFC 8332 section 3: some leave out leading zeros of an RSA signature; we do not take that.
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const auto* digest = parts->entry->digest ? parts->entry->digest() : nullptr;
  if (!context ||
      EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, pkey->get()) != 1 ||
      EVP_DigestVerify(context.get(), body.data(), body.size(), data.data(), data.size()) != 1)
    return Error{Errc::kDenied, "the signature is not that of the key"};
  return {};
}

}  // namespace passport::wire::ssh
