#include "service/authorities.h"

#include <algorithm>
#include <array>
#include <fstream>

#include <fmt/format.h>

#include "service/key_file.h"
#include "wire/ssh/certificate.h"

namespace passport::service {
namespace {

using wire::ssh::KeyType;
using wire::ssh::PublicKey;
using wire::ssh::SignatureAlgorithm;
using wire::ssh::Signer;

constexpr std::size_t kLeastRsaBlob = 3072 / 8;  ///< bytes: its modulus alone
constexpr std::size_t kMaxTrusted = 4;           ///< what instances are told
constexpr const char* kTrustedFile = "/trusted_ca.pub";

Error at(const std::string& place, const Error& error) {
  return {error.code, place + ": " + error.detail, error.hint};
}

Result<std::vector<PublicKey>> read_trusted(const std::string& path) {
  std::vector<PublicKey> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    auto key = wire::ssh::parse_public_key_line(line);
    if (!key) return at(path, key.error());
    out.push_back(std::move(*key));
    if (out.size() > kMaxTrusted - 2)
      return Error{Errc::kConfig, fmt::format("{}: more than {} keys", path, kMaxTrusted - 2)};
  }
  return out;
}

}  // namespace

Result<CertificateTerms> find_terms(const AccessRequest& request, Millis now) {
  if (request.state != RequestState::kActive || now >= request.ends_at)
    return Error{Errc::kConflict,
                 fmt::format("{} is not active but {}", request.id, to_string(request.state))};
  CertificateTerms out;
  out.key_id = fmt::format("{} {}", request.owner, request.id);
  out.principal = request.linux_user;
  out.valid_after =
      std::max(now / kSecond - Authorities::kBackdate, request.activated_at / kSecond);
  out.valid_before = request.ends_at / kSecond;  // which is not after it
  if (out.valid_before <= out.valid_after)
    return Error{Errc::kConflict, request.id + " ends in less than a second"};
  return out;
}

Result<Authorities> Authorities::open(const Config& config, RandomSource random) {
  Authorities out(std::move(random));
  auto ed25519 = open_key(config.ca_ed25519, config.state_dir + "/ca_ed25519",
                          KeyType::kEd25519, out.random_);
  if (!ed25519) return ed25519.error();
  auto rsa = open_key(config.ca_rsa, config.state_dir + "/ca_rsa", KeyType::kRsa, out.random_);
  if (!rsa) return rsa.error();
  auto more = read_trusted(config.state_dir + kTrustedFile);
  if (!more) return more.error();
  out.ed25519_ = std::move(*ed25519);
  out.rsa_ = std::move(*rsa);
  out.trusted_ = {out.ed25519_->public_key(), out.rsa_->public_key()};
  for (auto& key : *more)
    if (std::find(out.trusted_.begin(), out.trusted_.end(), key) == out.trusted_.end())
      out.trusted_.push_back(std::move(key));
  return out;
}

Result<std::string> Authorities::issue(const PublicKey& key, const CertificateTerms& terms,
                                       Signer& ca, SignatureAlgorithm algorithm) {
  std::array<std::uint8_t, wire::ssh::kNonceSize + 8> random{};
  random_(random);
  wire::ssh::CertificateFields fields;
  fields.key = key;
  fields.serial = ByteReader(ByteView(random).last(8)).u64();
  fields.key_id = terms.key_id;
  fields.principals = {terms.principal};
  fields.valid_after = static_cast<std::uint64_t>(terms.valid_after);
  fields.valid_before = static_cast<std::uint64_t>(terms.valid_before);
  for (const auto* name : {"permit-port-forwarding", "permit-pty", "permit-user-rc"})
    fields.extensions.push_back({name});
  const auto nonce = ByteView(random).first(wire::ssh::kNonceSize);
  const auto blob = wire::ssh::issue_certificate(std::move(fields), nonce, ca, algorithm);
  if (!blob) return blob.error();
  return wire::ssh::render_certificate(key.type, *blob, terms.principal);
}

Result<std::vector<std::string>> Authorities::certify(const PublicKey& key,
                                                      const CertificateTerms& terms) {
  struct Way {
    Signer* ca;
    SignatureAlgorithm algorithm;
  };
  std::vector<Way> ways;
  if (key.type == KeyType::kEd25519) {
    ways = {{ed25519_.get(), SignatureAlgorithm::kEd25519}};
  } else if (key.type == KeyType::kRsa && key.blob.size() > kLeastRsaBlob) {
    ways = {{rsa_.get(), SignatureAlgorithm::kRsaSha512},
            {rsa_.get(), SignatureAlgorithm::kRsaSha1}};
  } else {
    return Error{Errc::kUsage, "public_key: neither Ed25519 nor RSA of 3072 bits or more"};
  }
  std::vector<std::string> out;
  for (const auto& way : ways) {
    auto line = issue(key, terms, *way.ca, way.algorithm);
    if (!line) return line.error();
    out.push_back(std::move(*line));
  }
  return out;
}

}  // namespace passport::service
