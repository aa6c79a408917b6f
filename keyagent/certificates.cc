#include "keyagent/certificates.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "wire/ssh/public_key.h"

namespace passport::keyagent {
namespace {

using wire::ssh::CertificateType;
using wire::ssh::KeyType;
using wire::ssh::SignatureAlgorithm;

constexpr std::chrono::seconds kLeastNotice{10};

/// A certificate's time; one that never ends is as far away as the clock goes.
Time to_time(std::uint64_t seconds) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max() / 2;
  return Time(std::chrono::seconds(std::min(seconds, static_cast<std::uint64_t>(kMost))));
}

Error in_line(int number, const Error& error) {
  return {error.code, fmt::format("line {} of its output: {}", number, error.detail),
          error.hint};
}

Result<void> check(const wire::ssh::CertificateFields& fields, const wire::ssh::PublicKey& key,
                   Time now) {
  if (fields.type != CertificateType::kUser)
    return Error{Errc::kDenied, "a host's certificate, not a user's"};
  if (fields.key != key) return Error{Errc::kDenied, "a certificate of another key"};
  if (to_time(fields.valid_before) <= now)
    return Error{Errc::kExpired, "a certificate that is over",
                 "the clocks of this machine and of the CA must agree"};
  if (to_time(fields.valid_after) > now + kSkew)
    return Error{Errc::kExpired, "a certificate that is not valid yet",
                 "the clocks of this machine and of the CA must agree"};
  return {};
}

int rank(const HeldCertificate& held) {
  if (held.certificate.fields.key.type == KeyType::kEd25519) return 0;
  return held.certificate.ca_algorithm == SignatureAlgorithm::kRsaSha1 ? 2 : 1;
}

}  // namespace

Result<std::vector<HeldCertificate>> parse_certificates(
    const std::shared_ptr<wire::ssh::Signer>& signer, std::string_view text, Time now) {
  std::vector<HeldCertificate> out;
  for (int number = 1; !text.empty(); ++number) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.starts_with('#') || line == "\r") continue;
    auto blob = wire::ssh::parse_certificate_line(line);
    if (!blob) return in_line(number, blob.error());
    auto certificate = wire::ssh::parse_certificate(*blob);
    if (!certificate) return in_line(number, certificate.error());
    if (auto good = check(certificate->fields, signer->public_key(), now); !good)
      return in_line(number, good.error());
    if (out.size() == kMaxCertificatesOfAKey)
      return Error{Errc::kTooLarge,
                   fmt::format("more than {} certificates", kMaxCertificatesOfAKey)};
    out.push_back({signer, std::move(*certificate), std::move(*blob)});
  }
  if (out.empty()) return Error{Errc::kMalformed, "it wrote no certificate"};
  return out;
}

void sort_by_offer(std::vector<HeldCertificate>& certificates) {
  std::stable_sort(
      certificates.begin(), certificates.end(),
      [](const HeldCertificate& a, const HeldCertificate& b) { return rank(a) < rank(b); });
}

std::vector<Identity> make_identities(const std::vector<HeldCertificate>& certificates,
                                      const std::string& request_id, Time end,
                                      const std::vector<wire::ssh::PublicKey>& host_keys) {
  std::vector<Identity> out;
  out.reserve(certificates.size());
  for (const auto& held : certificates)
    out.push_back({held.signer, held.blob, request_id,
                   std::min(end, to_time(held.certificate.fields.valid_before)), host_keys});
  return out;
}

Time find_renewal(const std::vector<HeldCertificate>& certificates, Time end) {
  Time out = end;
  for (const auto& held : certificates) {
    const auto over = to_time(held.certificate.fields.valid_before);
    if (over >= end) continue;
    const auto lasts = over - to_time(held.certificate.fields.valid_after);
    out = std::min(out, over - std::max(lasts / 5, kLeastNotice));
  }
  return out;
}

}  // namespace passport::keyagent
