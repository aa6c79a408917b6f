// OpenSSH certificates (*-cert-v01@openssh.com): read strictly, and issued.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/ssh/public_key.h"
#include "wire/ssh/signature.h"

namespace passport::wire::ssh {

enum class CertificateType : std::uint32_t { kUser = 1, kHost = 2 };

/// A critical option or an extension. `value`: the string inside its data; empty for a flag.
struct CertificateOption {
  std::string name;
  std::optional<std::string> value{};

  bool operator==(const CertificateOption&) const = default;
};

/// What a certificate says. Times are Unix seconds: valid from valid_after up to, but not
/// including, valid_before.
struct CertificateFields {
  CertificateType type = CertificateType::kUser;
  PublicKey key;
  std::uint64_t serial = 0;
  std::string key_id;
  std::vector<std::string> principals;
  std::uint64_t valid_after = 0;
  std::uint64_t valid_before = 0;
  std::vector<CertificateOption> critical_options;
  std::vector<CertificateOption> extensions;
};

struct Certificate {
  CertificateFields fields;
  PublicKey ca_key;
  SignatureAlgorithm ca_algorithm = SignatureAlgorithm::kEd25519;
};

inline constexpr std::size_t kMaxCertificate = 64 << 10;  ///< bytes of a blob
inline constexpr std::size_t kMaxPrincipals = 256;        ///< as OpenSSH's limit
inline constexpr std::size_t kNonceSize = 32;

/// "ssh-ed25519-cert-v01@openssh.com" and its like.
std::string certificate_name_of(KeyType type);

/// Exactly one certificate, whose signature is checked; `now` is not: see the fields. Refused
/// as well: no principal (to sshd that is anybody), options that are doubled or out of order,
/// text with NULs, a CA key that is itself a certificate. Errors: kMalformed, kTooLarge,
/// kDenied (the signature).
Result<Certificate> parse_certificate(ByteView blob);

/// The blob of a new certificate, signed. `nonce`: kNonceSize random bytes. Options and
/// extensions are put in order. Errors: kUsage for fields that we never certify: no principal,
/// one outside [a-z0-9-]+ or twice, no key id, an end that is not after the beginning or never
/// comes, an option twice; those of the signer.
Result<Bytes> issue_certificate(CertificateFields fields, ByteView nonce, Signer& ca,
                                SignatureAlgorithm algorithm);

/// "ssh-ed25519-cert-v01@openssh.com AAAA... comment", without a line feed.
std::string render_certificate(KeyType type, ByteView blob, std::string_view comment);
/// The blob of such a line. Errors: kMalformed.
Result<Bytes> parse_certificate_line(std::string_view line);

}  // namespace passport::wire::ssh
