#include "client/archive.h"

#include <memory>

#include <archive.h>
#include <archive_entry.h>

namespace passport::client {
namespace {

struct Free {
  void operator()(::archive* writer) const { ::archive_write_free(writer); }
  void operator()(::archive_entry* entry) const { ::archive_entry_free(entry); }
};

la_ssize_t append(::archive* /*writer*/, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

bool write(::archive* writer, const ArchiveEntry& file, std::int64_t unix_time) {
  const std::unique_ptr<::archive_entry, Free> entry(::archive_entry_new());
  if (!entry) return false;
  ::archive_entry_set_pathname(entry.get(), file.name.c_str());
  ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content.size()));
  ::archive_entry_set_filetype(entry.get(), AE_IFREG);
  ::archive_entry_set_perm(entry.get(), 0600);
  ::archive_entry_set_mtime(entry.get(), unix_time, 0);
  const auto size = static_cast<la_ssize_t>(file.content.size());
  return ::archive_write_header(writer, entry.get()) == ARCHIVE_OK &&
         ::archive_write_data(writer, file.content.data(), file.content.size()) == size;
}

}  // namespace

Result<std::string> make_archive(const std::vector<ArchiveEntry>& entries,
                                 std::int64_t unix_time) {
  std::string out;
  const std::unique_ptr<::archive, Free> writer(::archive_write_new());
  const auto failed = [&writer] {
    const char* why = writer ? ::archive_error_string(writer.get()) : nullptr;
    return Error{Errc::kInternal, std::string("the archive cannot be made: ") +
                                      (why != nullptr ? why : "no memory")};
  };
  const bool begun =
      writer && ::archive_write_set_format_pax_restricted(writer.get()) == ARCHIVE_OK &&
      ::archive_write_add_filter_gzip(writer.get()) == ARCHIVE_OK &&
      ::archive_write_set_bytes_in_last_block(writer.get(), 1) == ARCHIVE_OK &&
      ::archive_write_open(writer.get(), &out, nullptr, append, nullptr) == ARCHIVE_OK;
  if (!begun) return failed();
  for (const auto& entry : entries)
    if (!write(writer.get(), entry, unix_time)) return failed();
  if (::archive_write_close(writer.get()) != ARCHIVE_OK) return failed();
  return out;
}

}  // namespace passport::client
