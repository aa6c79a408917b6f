#include "wire/ssh/public_key.h"

#include <algorithm>
#include <array>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>

#include "base/base64.h"
#include "wire/ssh/encoding.h"

namespace passport::wire::ssh {
namespace {

struct TypeName {
  KeyType type;
  std::string_view name;
};
constexpr std::array<TypeName, 4> kNames = {{{KeyType::kEd25519, "ssh-ed25519"},
                                             {KeyType::kRsa, "ssh-rsa"},
                                             {KeyType::kEcdsaP256, "ecdsa-sha2-nistp256"},
                                             {KeyType::kEcdsaP384, "ecdsa-sha2-nistp384"}}};

constexpr std::size_t kEd25519Size = 32;

Error malformed(std::string detail) {
  return {Errc::kMalformed, "public key: " + std::move(detail)};
}

/// The parts of a blob, pointing into it.
struct Parts {
  KeyType type = KeyType::kEd25519;
  ByteView a;  ///< Ed25519: the key; RSA: e; ECDSA: the curve's name
  ByteView b;  ///< RSA: n; ECDSA: the point
};

struct FreeParams {
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeParams>;

std::string_view curve_name(KeyType type) {
  return type == KeyType::kEcdsaP256 ? "nistp256" : "nistp384";
}

Result<void> check_rsa(ByteView e, ByteView n) {
  if (!is_positive_mpint(e) || !is_positive_mpint(n))
    return malformed("a number is not positive or not in its shortest form");
  const auto bits = [](ByteView v) {
    while (!v.empty() && v.front() == 0) v = v.subspan(1);
    unsigned top = 0;
    for (unsigned x = v.front(); x != 0; x >>= 1) ++top;
    return static_cast<unsigned>((v.size() - 1) * 8) + top;
  };
  if (bits(n) < kLeastRsaBits || bits(n) > kMostRsaBits)
    return malformed("an RSA modulus of " + std::to_string(bits(n)) + " bits");
  if ((e.back() & 1) == 0 || bits(e) < 2 || bits(e) > 64 || (n.back() & 1) == 0)
    return malformed("an unusable RSA exponent or modulus");
  return {};
}

Result<Parts> split(ByteView blob) {
  ByteReader in(blob);
  const auto name = as_text(read_string(in));
  const auto* known = std::find_if(kNames.begin(), kNames.end(),
                                   [&](const TypeName& entry) { return entry.name == name; });
  if (!in.ok() || known == kNames.end()) return malformed("of an unknown type");
  Parts parts;
  parts.type = known->type;
  parts.a = read_string(in);
  if (parts.type != KeyType::kEd25519) parts.b = read_string(in);
  if (!in.ok() || in.left() != 0) return malformed("a length contradicts the blob's");
  if (parts.type == KeyType::kEd25519) {
    if (parts.a.size() != kEd25519Size) return malformed("an Ed25519 key that is not 32 bytes");
    return parts;
  }
  if (parts.type == KeyType::kRsa) {
    if (auto good = check_rsa(parts.a, parts.b); !good) return good.error();
    return parts;
  }
  const std::size_t point = parts.type == KeyType::kEcdsaP256 ? 65 : 97;
  if (as_text(parts.a) != curve_name(parts.type) || parts.b.size() != point || parts.b[0] != 4)
    return malformed("an ECDSA point or curve that does not fit its type");
  return parts;
}

Result<Pkey> make_from_params(const char* type, OSSL_PARAM* params) {
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || !params || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
    return malformed(std::string("not a usable ") + type + " key");
  return Pkey(key);
}

Result<Pkey> make_rsa(const Parts& parts) {
  const auto number = [](ByteView v) {
    return Owned<BIGNUM>(BN_bin2bn(v.data(), static_cast<int>(v.size()), nullptr));
  };
  const auto e = number(parts.a);
  const auto n = number(parts.b);
  const Owned<OSSL_PARAM_BLD> build(OSSL_PARAM_BLD_new());
  if (!e || !n || !build ||
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return malformed("not a usable RSA key");
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(build.get()));
  return make_from_params("RSA", params.get());
}

Result<Pkey> make_ecdsa(const Parts& parts) {
  std::string group = parts.type == KeyType::kEcdsaP256 ? "P-256" : "P-384";
  std::array<OSSL_PARAM, 3> params = {
      {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
       OSSL_PARAM_construct_octet_string(
           OSSL_PKEY_PARAM_PUB_KEY, const_cast<std::uint8_t*>(parts.b.data()), parts.b.size()),
       OSSL_PARAM_construct_end()}};
  return make_from_params("EC", params.data());  // which checks that the point is on the curve
}

Result<Pkey> make_pkey(const Parts& parts) {
  if (parts.type == KeyType::kRsa) return make_rsa(parts);
  if (parts.type != KeyType::kEd25519) return make_ecdsa(parts);
  Pkey key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, parts.a.data(), parts.a.size()));
  if (!key) return malformed("not a usable Ed25519 key");
  return key;
}

}  // namespace

void FreePkey::operator()(EVP_PKEY* key) const {
  EVP_PKEY_free(key);
}

std::string_view name_of(KeyType type) {
  return std::find_if(kNames.begin(), kNames.end(),
                      [&](const TypeName& entry) { return entry.type == type; })
      ->name;
}

Result<PublicKey> parse_public_key(ByteView blob) {
  const auto parts = split(blob);
  if (!parts) return parts.error();
  const bool on_curve =
      parts->type == KeyType::kEd25519 || parts->type == KeyType::kRsa || make_pkey(*parts);
  if (!on_curve) return malformed("an ECDSA point that is not on its curve");
  return PublicKey{parts->type, Bytes(blob.begin(), blob.end())};
}

Result<Pkey> make_pkey(const PublicKey& key) {
  const auto parts = split(key.blob);
  if (!parts) return parts.error();
  return make_pkey(*parts);
}

std::string fingerprint(ByteView blob) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(blob.data(), blob.size(), digest.data());
  auto text = encode_base64(digest);
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

std::string render_public_key(const PublicKey& key, std::string_view comment) {
  auto line = std::string(name_of(key.type)) + " " + encode_base64(key.blob);
  if (!comment.empty()) line += " " + std::string(comment);
  return line;
}

Result<PublicKey> parse_public_key_line(std::string_view line) {
  const auto next_word = [&line] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const auto word = line.substr(0, line.find_first_of(" \t\r\n"));
    line.remove_prefix(word.size());
    return word;
  };
  const auto name = next_word();
  const auto blob = decode_base64(next_word());
  if (!blob) return malformed("its second word is not base64");
  auto key = parse_public_key(as_bytes(*blob));
  if (key && name_of(key->type) != name) return malformed("its first word is not its type");
  return key;
}

}  // namespace passport::wire::ssh
