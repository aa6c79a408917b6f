#include "wire/ssh/certificate.h"

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/text.h"
#include "wire/ssh/encoding.h"

namespace passport::wire::ssh {
namespace {

constexpr std::string_view kSuffix = "-cert-v01@openssh.com";
constexpr std::size_t kMaxKeyId = 1024;
constexpr std::uint64_t kForever = ~std::uint64_t{0};
constexpr std::array<KeyType, 4> kTypes = {
    {KeyType::kEd25519, KeyType::kRsa, KeyType::kEcdsaP256, KeyType::kEcdsaP384}};

Error malformed(std::string detail) {
  return {Errc::kMalformed, "certificate: " + std::move(detail)};
}
Error unusable(std::string detail) {
  return {Errc::kUsage, "certificate: " + std::move(detail)};
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

/// The fields that a certificate has in place of a key's own: as many strings as its type has.
Result<PublicKey> read_key(ByteReader& in, KeyType type) {
  Bytes blob;
  append_string(blob, name_of(type));
  append_string(blob, read_string(in));
  if (type != KeyType::kEd25519) append_string(blob, read_string(in));
  if (!in.ok()) return malformed("it is cut short");
  return parse_public_key(blob);
}

Result<std::vector<std::string>> read_principals(ByteView list) {
  ByteReader in(list);
  std::vector<std::string> out;
  while (in.left() > 0) {
    const auto name = as_text(read_string(in));
    if (!in.ok()) return malformed("its principals are cut short");
    if (name.empty() || has_nul(name)) return malformed("a principal is not a name");
    if (out.size() == kMaxPrincipals) return malformed("it has too many principals");
    out.emplace_back(name);
  }
  if (out.empty()) return malformed("it names no principal");
  return out;
}

Result<CertificateOption> read_option(ByteReader& in) {
  CertificateOption option;
  option.name = as_text(read_string(in));
  const auto data = read_string(in);
  if (!in.ok()) return malformed("its options are cut short");
  if (option.name.empty() || has_nul(option.name)) return malformed("an option has no name");
  if (data.empty()) return option;
  ByteReader inner(data);
  const auto value = as_text(read_string(inner));
  if (!inner.ok() || inner.left() != 0 || has_nul(value))
    return malformed("option \"" + escape_for_terminal(option.name, 64) + "\" has no string");
  option.value = value;
  return option;
}

Result<std::vector<CertificateOption>> read_options(ByteView list) {
  ByteReader in(list);
  std::vector<CertificateOption> out;
  while (in.left() > 0) {
    auto option = read_option(in);
    if (!option) return option.error();
    if (!out.empty() && option->name <= out.back().name)
      return malformed("its options are out of order or doubled");
    out.push_back(std::move(*option));
  }
  return out;
}

Result<KeyType> find_type(std::string_view name) {
  for (const auto type : kTypes)
    if (name == certificate_name_of(type)) return type;
  return malformed("of an unknown type");
}

/// From the serial to the extensions.
Result<void> read_fields(ByteReader& in, CertificateFields& out) {
  out.serial = in.u64();
  const auto type = in.u32();
  const auto key_id = as_text(read_string(in));
  const auto principals = read_string(in);
  out.valid_after = in.u64();
  out.valid_before = in.u64();
  const auto critical = read_string(in);
  const auto extensions = read_string(in);
  if (!in.ok()) return malformed("it is cut short");
  if (type != 1 && type != 2) return malformed("neither a user's nor a host's");
  out.type = static_cast<CertificateType>(type);
  if (has_nul(key_id)) return malformed("its key id is not text");
  out.key_id = key_id;
  auto names = read_principals(principals);
  if (!names) return names.error();
  out.principals = std::move(*names);
  auto options = read_options(critical);
  if (!options) return options.error();
  out.critical_options = std::move(*options);
  options = read_options(extensions);
  if (!options) return options.error();
  out.extensions = std::move(*options);
  return {};
}

void append_options(Bytes& out, const std::vector<CertificateOption>& options) {
  Bytes list;
  for (const auto& option : options) {
    append_string(list, option.name);
    Bytes data;
    if (option.value) append_string(data, *option.value);
    append_string(list, data);
  }
  append_string(out, list);
}

/// Everything that is signed.
Bytes serialize_fields(const CertificateFields& fields, ByteView nonce, const PublicKey& ca) {
  Bytes out;
  append_string(out, certificate_name_of(fields.key.type));
  append_string(out, nonce);
  append(out, ByteView(fields.key.blob).subspan(4 + name_of(fields.key.type).size()));
  append_u64(out, fields.serial);
  append_u32(out, static_cast<std::uint32_t>(fields.type));
  append_string(out, fields.key_id);
  Bytes principals;
  for (const auto& name : fields.principals) append_string(principals, name);
  append_string(out, principals);
  append_u64(out, fields.valid_after);
  append_u64(out, fields.valid_before);
  append_options(out, fields.critical_options);
  append_options(out, fields.extensions);
  append_string(out, std::string_view());  // reserved
  append_string(out, ca.blob);
  return out;
}

bool is_principal(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                              std::string_view::npos;
}

Result<void> check_principals(const std::vector<std::string>& principals) {
  if (principals.empty()) return unusable("no principal");
  if (principals.size() > kMaxPrincipals) return unusable("too many principals");
  auto sorted = principals;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (!is_principal(sorted[i]))
      return unusable("principal \"" + escape_for_terminal(sorted[i], 64) +
                      "\" is not of a-z, 0-9 and -");
    if (i > 0 && sorted[i] == sorted[i - 1])
      return unusable("principal \"" + sorted[i] + "\" twice");
  }
  return {};
}

Result<void> sort_options(std::vector<CertificateOption>& options) {
  std::sort(options.begin(), options.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < options.size(); ++i) {
    const auto& name = options[i].name;
    if (name.empty() || has_nul(name) || (options[i].value && has_nul(*options[i].value)))
      return unusable("an option without a name, or with a NUL");
    if (i > 0 && name == options[i - 1].name)
      return unusable("option \"" + escape_for_terminal(name, 64) + "\" twice");
  }
  return {};
}

Result<void> check_fields(CertificateFields& fields) {
  if (fields.key_id.empty() || fields.key_id.size() > kMaxKeyId || has_nul(fields.key_id))
    return unusable("no usable key id");
  if (fields.valid_before <= fields.valid_after || fields.valid_before == kForever)
    return unusable("its end is not after its beginning, or never comes");
  if (auto good = check_principals(fields.principals); !good) return good;
  if (auto good = sort_options(fields.critical_options); !good) return good;
  return sort_options(fields.extensions);
}

}  // namespace

std::string certificate_name_of(KeyType type) {
  return std::string(name_of(type)) + std::string(kSuffix);
}

Result<Certificate> parse_certificate(ByteView blob) {
  if (blob.size() > kMaxCertificate)
    return Error{Errc::kTooLarge, "certificate: larger than 64 KiB"};
  ByteReader in(blob);
  const auto type = find_type(as_text(read_string(in)));
  if (!type) return type.error();
  (void)read_string(in);  // the nonce
  auto key = read_key(in, *type);
  if (!key) return key.error();
  Certificate out;
  out.fields.key = std::move(*key);
  if (auto read = read_fields(in, out.fields); !read) return read.error();
  (void)read_string(in);  // reserved: to be ignored, whatever is there
  auto ca = parse_public_key(read_string(in));
  if (!ca) return ca.error();
  out.ca_key = std::move(*ca);
  const auto signed_bytes = blob.first(blob.size() - in.left());
  const auto signature = read_string(in);
  if (!in.ok() || in.left() != 0) return malformed("a length contradicts the blob's");
  const auto algorithm = find_algorithm(signature);
  if (!algorithm) return algorithm.error();
  out.ca_algorithm = *algorithm;
  if (auto good = verify(out.ca_key, signature, signed_bytes); !good) return good.error();
  return out;
}

Result<Bytes> issue_certificate(CertificateFields fields, ByteView nonce, Signer& ca,
                                SignatureAlgorithm algorithm) {
  if (auto good = check_fields(fields); !good) return good.error();
  if (nonce.size() != kNonceSize) return unusable("a nonce that is not 32 bytes");
  auto out = serialize_fields(fields, nonce, ca.public_key());
  const auto signature = ca.sign(algorithm, out);
  if (!signature) return signature.error();
  append_string(out, *signature);
  if (out.size() > kMaxCertificate) return unusable("it would be larger than 64 KiB");
  return out;
}

std::string render_certificate(KeyType type, ByteView blob, std::string_view comment) {
  auto line = certificate_name_of(type) + " " + encode_base64(blob);
  if (!comment.empty()) line += " " + std::string(comment);
  return line;
}

Result<Bytes> parse_certificate_line(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return malformed("not a line of name and base64");
  auto rest = line.substr(space + 1);
  auto blob = decode_base64(rest.substr(0, rest.find_first_of(" \t\r\n")));
  if (!blob) return malformed("its second word is not base64");
  ByteReader in(as_bytes(*blob));
  if (as_text(read_string(in)) != line.substr(0, space) || !find_type(line.substr(0, space)))
    return malformed("its first word is not its type");
  return Bytes(blob->begin(), blob->end());
}

}  // namespace passport::wire::ssh
