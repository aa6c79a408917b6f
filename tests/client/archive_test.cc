#include "client/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

namespace passport::client {
namespace {

TEST(Archive, HoldsWhatWasPutIn) {
  const std::vector<ArchiveEntry> entries = {
      {"a.txt", "text\n"}, {"empty", ""}, {"big", std::string(300'000, 'x')}};
  const auto made = make_archive(entries, 1'700'000'000);
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->starts_with("\x1f\x8b"));
  EXPECT_LT(made->size(), 3000U);

  auto* reader = ::archive_read_new();
  ::archive_read_support_format_tar(reader);
  ::archive_read_support_filter_gzip(reader);
  ASSERT_EQ(::archive_read_open_memory(reader, made->data(), made->size()), ARCHIVE_OK);
  for (const auto& entry : entries) {
    ::archive_entry* found = nullptr;
    ASSERT_EQ(::archive_read_next_header(reader, &found), ARCHIVE_OK);
    EXPECT_EQ(::archive_entry_pathname(found), entry.name);
    EXPECT_EQ(::archive_entry_perm(found), 0600U);
    EXPECT_EQ(::archive_entry_mtime(found), 1'700'000'000);
    std::string content(entry.content.size() + 1, '\0');
    const auto size = ::archive_read_data(reader, content.data(), content.size());
    ASSERT_GE(size, 0);
    content.resize(static_cast<std::size_t>(size));
    EXPECT_EQ(content, entry.content);
  }
  ::archive_entry* none = nullptr;
  EXPECT_EQ(::archive_read_next_header(reader, &none), ARCHIVE_EOF);
  ::archive_read_free(reader);
}

}  // namespace
}  // namespace passport::client
