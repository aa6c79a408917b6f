#include "wire/ssh/revocation_list.h"

#include <algorithm>
#include <array>

#include "wire/ssh/encoding.h"

namespace passport::wire::ssh {
namespace {

constexpr std::string_view kMagic{"SSHKRL\n\0", 8};
constexpr std::uint32_t kFormat = 1;

enum class Section : std::uint8_t { kCertificates = 1, kExplicitKey = 2 };
enum class CertificateSection : std::uint8_t { kSerials = 0x20, kRange = 0x21, kKeyIds = 0x23 };

template <class Type>
void append_section(Bytes& out, Type type, ByteView body) {
  if (body.empty()) return;
  out.push_back(static_cast<std::uint8_t>(type));
  append_string(out, body);
}

/// Neighbours as ranges, the others as a list.
void append_serials(Bytes& out, std::vector<std::uint64_t> serials) {
  std::sort(serials.begin(), serials.end());
  serials.erase(std::unique(serials.begin(), serials.end()), serials.end());
  Bytes alone;
  for (auto first = serials.begin(); first != serials.end();) {
    auto last = first;
    while (std::next(last) != serials.end() && *std::next(last) == *last + 1) ++last;
    if (first == last) {
      append_u64(alone, *first);
    } else {
      Bytes range;
      append_u64(range, *first);
      append_u64(range, *last);
      append_section(out, CertificateSection::kRange, range);
    }
    first = std::next(last);
  }
  append_section(out, CertificateSection::kSerials, alone);
}

Bytes serialize_authority(const RevocationList::Authority& authority) {
  Bytes out;
  append_string(out, authority.ca_key.blob);
  append_string(out, std::string_view());  // reserved
  append_serials(out, authority.serials);
  Bytes key_ids;
  for (const auto& id : authority.key_ids) append_string(key_ids, id);
  append_section(out, CertificateSection::kKeyIds, key_ids);
  return out;
}

Result<void> check(const RevocationList::Authority& authority) {
  if (std::count(authority.serials.begin(), authority.serials.end(), 0) != 0)
    return Error{Errc::kUsage, "serial 0 cannot be revoked"};
  if (std::count(authority.key_ids.begin(), authority.key_ids.end(), std::string()) != 0)
    return Error{Errc::kUsage, "a certificate without key id cannot be revoked by it"};
  return {};
}

}  // namespace

Result<Bytes> serialize_revocation_list(const RevocationList& list) {
  Bytes out;
  append(out, as_bytes(kMagic));
  append_u32(out, kFormat);
  append_u64(out, list.version);
  append_u64(out, list.generated);
  append_u64(out, 0);                      // flags
  append_string(out, std::string_view());  // reserved
  append_string(out, list.comment);
  for (const auto& authority : list.authorities) {
    if (auto good = check(authority); !good) return good.error();
    append_section(out, Section::kCertificates, serialize_authority(authority));
  }
  Bytes keys;
  for (const auto& key : list.keys) append_string(keys, key.blob);
  append_section(out, Section::kExplicitKey, keys);
  return out;
}

}  // namespace passport::wire::ssh
