#include "client/copy/journal.h"

#include <boost/json/serialize.hpp>

#include "base/json.h"

namespace passport::copy {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMaxRanges = 4096;

/// A number that is not negative.
bool read_number(const json::value* value, std::uint64_t& into) {
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return false;
  into = static_cast<std::uint64_t>(value->get_int64());
  return true;
}

bool read_ranges(const json::array& list, Journal& into) {
  std::uint64_t last = 0;
  for (const auto& item : list) {
    const auto* pair = item.if_array();
    Range range;
    if (pair == nullptr || pair->size() != 2 || !read_number(&(*pair)[0], range.from) ||
        !read_number(&(*pair)[1], range.to))
      return false;
    if (range.from < last || range.from >= range.to || range.to > into.size) return false;
    last = range.to;
    into.done.add(range);
  }
  return true;
}

}  // namespace

std::string serialize_journal(const Journal& journal) {
  json::array done;
  auto skipped = journal.done.list().size();
  for (const auto& [from, to] : journal.done.list())
    if (skipped-- <= kMaxRanges) done.push_back(json::array{from, to});
  return json::serialize(json::object{{"version", kVersion},
                                      {"source", journal.source},
                                      {"size", journal.size},
                                      {"mtime", journal.mtime},
                                      {"done", std::move(done)}}) +
         "\n";
}

Result<Journal> parse_journal(std::string_view text) {
  const Error malformed{Errc::kMalformed, "a journal that cannot be used"};
  if (text.size() > kMaxJournal) return malformed;
  const auto object = parse_json_object(text, "a journal");
  if (!object) return object.error();
  std::uint64_t version = 0;
  Journal out;
  const auto* mtime = object->if_contains("mtime");
  const auto* done = find_array(*object, "done");
  out.source = find_string(*object, "source");
  if (!read_number(object->if_contains("version"), version) || version != kVersion ||
      !read_number(object->if_contains("size"), out.size) || mtime == nullptr ||
      !mtime->is_int64() || done == nullptr || !read_ranges(*done, out))
    return malformed;
  out.mtime = mtime->get_int64();
  return out;
}

}  // namespace passport::copy
