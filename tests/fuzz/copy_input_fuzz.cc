// What passport-copy reads that others have written; the first byte says which.
#include <cstdlib>
#include <string_view>

#include "client/copy/journal.h"
#include "client/copy/place.h"
#include "client/copy/remote_script.h"
#include "client/copy/ssh_dump.h"
#include "tests/fuzz/target.h"

using namespace passport::copy;

namespace {

void expect(bool good) {
  if (!good) std::abort();
}

void read_place(std::string_view text) {
  const auto place = parse_place(text);
  if (!place) return;
  expect(!place->path.empty() && !place->host.starts_with('-'));
  const auto name = base_name(place->path);
  expect(name.find('/') == std::string::npos && name != "..");
  if (is_plain_name(name)) expect(is_plain_name(part_name(name)));
}

void read_journal(std::string_view text) {
  const auto journal = parse_journal(text);
  if (!journal) return;
  const auto again = parse_journal(serialize_journal(*journal));
  expect(again && again->same_source(*journal));
  expect(again->done.total() <= journal->done.total() &&
         journal->done.total() <= journal->size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'p':
      read_place(text);
      break;
    case 'j':
      read_journal(text);
      break;
    case 'h':
      if (const auto answer = parse_hash_answer(text, 2)) expect(answer->hashes.size() == 2);
      break;
    case 'm':
      if (const auto moved = parse_move_answer(text, 2)) expect(moved->size() == 2);
      break;
    case 'g':
      if (const auto target = parse_ssh_dump(text, "h")) expect(!target->proxy_command.empty());
      break;
    default:
      break;
  }
  return 0;
}
