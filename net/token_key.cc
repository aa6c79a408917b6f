#include "net/token_key.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <openssl/evp.h>
#include <string.h>

#include "net/token.h"
#include "wire/ssh/encoding.h"

namespace passport::net {
namespace {

using wire::ssh::append_mpint;
using wire::ssh::append_string;
using wire::ssh::KeyType;
using wire::ssh::PublicKey;
using wire::ssh::SignatureAlgorithm;

/// Curves as tokens name them in CKA_EC_PARAMS: DER of an object identifier, or of a name
/// (PKCS #11 v3.0, sections 2.3.3 and 2.3.5).
struct Curve {
  std::string_view params;
  KeyType type;
  std::string_view name;   ///< in the blob; empty for Ed25519
  std::size_t point_size;  ///< bytes, uncompressed
};
constexpr std::array<Curve, 4> kCurves = {
    {{"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", KeyType::kEcdsaP256, "nistp256", 65},
     {{"\x06\x05\x2b\x81\x04\x00\x22", 7}, KeyType::kEcdsaP384, "nistp384", 97},
     {"\x06\x03\x2b\x65\x70", KeyType::kEd25519, "", 32},
     {"\x13\x0c"
      "edwards25519",
      KeyType::kEd25519, "", 32}}};

Error unusable() {
  return {Errc::kConfig,
          "PKCS#11: the key is neither Ed25519, RSA nor ECDSA on P-256 or P-384"};
}

Result<Bytes> read_rsa_blob(const Token& token) {
  const auto modulus = token.read(CKA_MODULUS);
  if (!modulus) return modulus.error();
  const auto exponent = token.read(CKA_PUBLIC_EXPONENT);
  if (!exponent) return exponent.error();
  Bytes blob;
  append_string(blob, name_of(KeyType::kRsa));
  append_mpint(blob, *exponent);
  append_mpint(blob, *modulus);
  return blob;
}

Result<Bytes> read_curve_blob(const Token& token) {
  const auto params = token.read(CKA_EC_PARAMS);
  if (!params) return params.error();
  const auto point = token.read(CKA_EC_POINT);
  if (!point) return point.error();
  for (const auto& curve : kCurves) {
    if (as_text(*params) != curve.params || point->size() < curve.point_size) continue;
    // As it is, or as a DER octet string of less than 128 bytes.
    const auto bare = ByteView(*point).last(curve.point_size);
    Bytes blob;
    append_string(blob, name_of(curve.type));
    if (!curve.name.empty()) append_string(blob, curve.name);
    append_string(blob, bare);
    return blob;
  }
  return unusable();
}

Result<PublicKey> read_public_key(const Token& token) {
  const auto type = token.read(CKA_KEY_TYPE);
  CK_KEY_TYPE kind = 0;
  if (!type || type->size() != sizeof(kind)) return unusable();
  ::memcpy(&kind, type->data(), sizeof(kind));
  const auto blob = kind == CKK_RSA ? read_rsa_blob(token) : read_curve_blob(token);
  if (!blob) return blob.error();
  return wire::ssh::parse_public_key(*blob);
}

struct Way {
  SignatureAlgorithm algorithm;
  CK_MECHANISM_TYPE mechanism;
  const EVP_MD* (*digest)();  ///< null: the token does that itself
};
constexpr std::array<Way, 6> kWays = {{
    {SignatureAlgorithm::kEd25519, CKM_EDDSA, nullptr},
    {SignatureAlgorithm::kRsaSha512, CKM_SHA512_RSA_PKCS, nullptr},
    {SignatureAlgorithm::kRsaSha256, CKM_SHA256_RSA_PKCS, nullptr},
    {SignatureAlgorithm::kRsaSha1, CKM_SHA1_RSA_PKCS, nullptr},
    {SignatureAlgorithm::kEcdsaP256, CKM_ECDSA, EVP_sha256},
    {SignatureAlgorithm::kEcdsaP384, CKM_ECDSA, EVP_sha384},
}};

const Way& way_of(SignatureAlgorithm algorithm) {
  return *std::find_if(kWays.begin(), kWays.end(),
                       [&](const Way& way) { return way.algorithm == algorithm; });
}

Bytes digest_of(const EVP_MD* digest, ByteView data) {
  Bytes out(static_cast<std::size_t>(EVP_MD_get_size(digest)));
  EVP_Digest(data.data(), data.size(), out.data(), nullptr, digest, nullptr);
  return out;
}

/// PKCS#11 gives r and s of ECDSA one after the other, each as long as the curve's order.
Bytes numbers_of(ByteView both) {
  Bytes out;
  append_mpint(out, both.first(both.size() / 2));
  append_mpint(out, both.last(both.size() / 2));
  return out;
}

}  // namespace

TokenKey::TokenKey(std::unique_ptr<Token> token, PublicKey public_key)
    : token_(std::move(token)), public_key_(std::move(public_key)) {}
TokenKey::~TokenKey() = default;

Result<std::unique_ptr<TokenKey>> TokenKey::open(const std::string& uri) {
  auto token = Token::open(uri);
  if (!token) return token.error();
  auto public_key = read_public_key(**token);
  if (!public_key) return public_key.error();
  return std::unique_ptr<TokenKey>(new TokenKey(std::move(*token), std::move(*public_key)));
}

Result<Bytes> TokenKey::sign(SignatureAlgorithm algorithm, ByteView data) {
  if (!fits(algorithm, public_key_.type))
    return Error{Errc::kUsage,
                 std::string(name_of(algorithm)) + " does not fit the key's type"};
  const auto& way = way_of(algorithm);
  const bool digested = way.digest != nullptr;
  auto body = digested ? token_->sign(way.mechanism, digest_of(way.digest(), data))
                       : token_->sign(way.mechanism, data);
  if (!body) return body;
  Bytes blob;
  append_string(blob, name_of(algorithm));
  append_string(blob, digested ? numbers_of(*body) : *body);
  if (!verify(public_key_, blob, data))
    return Error{Errc::kUnavailable, "PKCS#11: the token's signature is not that of its key"};
  return blob;
}

}  // namespace passport::net
