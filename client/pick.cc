#include "client/pick.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

#include "base/display_width.h"
#include "base/text.h"

namespace passport::client {
namespace {

constexpr std::string_view kBlanks = " \t";

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> out;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.empty()) return out;
    const auto end = std::min(text.find_first_of(kBlanks), text.size());
    out.push_back(to_lower(text.substr(0, end)));
    text.remove_prefix(end);
  }
}

}  // namespace

std::vector<std::size_t> find_lines(const std::vector<std::string>& lines,
                                    std::string_view words) {
  const auto wanted = split_words(words);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto line = to_lower(lines[i]);
    if (std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
          return line.find(word) != std::string::npos;
        }))
      out.push_back(i);
  }
  return out;
}

PickList::PickList(std::vector<std::string> lines)
    : lines_(std::move(lines)), left_(lines_.size()) {
  std::iota(left_.begin(), left_.end(), std::size_t{0});
}

std::string PickList::render(std::size_t most, std::size_t width) const {
  const bool all = left_.size() <= most;
  const auto shown = all ? left_.size() : std::max<std::size_t>(most, 2) - 1;
  const auto digits = fmt::format("{}", left_.size()).size();
  const auto fit = [width](std::string line) {
    return (width == 0 ? line : cut_to_width(line, width)) + "\n";
  };
  std::string out;
  for (std::size_t i = 0; i < shown; ++i)
    out += fit(fmt::format("{:>{}}  {}", i + 1, digits, lines_[left_[i]]));
  if (!all) out += fit(fmt::format("and {} more", left_.size() - shown));
  return out;
}

PickList::Outcome PickList::take(std::string_view typed) {
  typed.remove_prefix(std::min(typed.find_first_not_of(kBlanks), typed.size()));
  typed = typed.substr(0, typed.find_last_not_of(kBlanks) + 1);
  if (typed.empty()) return Outcome::kLeft;
  std::size_t number = 0;
  const auto* end = typed.data() + typed.size();
  const auto parsed = std::from_chars(typed.data(), end, number);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == end;
  if (is_number && number >= 1 && number <= left_.size()) {
    left_ = {left_[number - 1]};
    return Outcome::kPicked;
  }
  left_ = find_lines(lines_, typed);
  if (left_.size() == 1) return Outcome::kPicked;
  if (!left_.empty()) return Outcome::kNarrowed;
  *this = PickList(std::move(lines_));
  return Outcome::kNoMatch;
}

}  // namespace passport::client
