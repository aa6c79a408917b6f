#include "wire/aws/time.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace passport::wire::aws {
namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// The `count` digits at `at`; -1 when there are other characters.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return -1;
  const auto* begin = text.data() + at;
  int value = 0;
  const auto [end, error] = std::from_chars(begin, begin + count, value);
  return error == std::errc() && end == begin + count && *begin != '-' ? value : -1;
}

std::optional<sys_seconds> make_time(int year, int month, int day, int hour, int minute,
                                     int second) {
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  const bool in_range = year >= 0 && month >= 1 && day >= 1 && date.ok() && hour >= 0 &&
                        hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
  if (!in_range) return {};
  return sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

/// "Z", "+02:00" or "-0230" as seconds east of Greenwich.
std::optional<std::chrono::seconds> decode_offset(std::string_view text) {
  if (text == "Z" || text == "z" || text == "UTC") return std::chrono::seconds(0);
  const bool colon = text.size() == 6 && text[3] == ':';
  if ((text.size() != 5 && !colon) || (text[0] != '+' && text[0] != '-')) return {};
  const int hours = digits(text, 1, 2);
  const int minutes = digits(text, colon ? 4 : 3, 2);
  if (hours < 0 || minutes < 0) return {};
  return std::chrono::seconds((text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60));
}

}  // namespace

std::string encode_amz_date(sys_seconds time) {
  auto text = encode_iso8601(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string encode_iso8601(sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<sys_seconds> decode_iso8601(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
      text[16] != ':')
    return {};
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return {};
  const auto time = make_time(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2),
                              digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2));
  auto rest = text.substr(19);
  if (rest.front() == '.')
    rest = rest.substr(std::min(rest.size(), rest.find_first_not_of("0123456789", 1)));
  const auto offset = decode_offset(rest);
  if (!time || !offset) return {};
  return *time - *offset;
}

std::string encode_http_date(sys_seconds time) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(day).c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

std::optional<sys_seconds> decode_http_date(std::string_view text) {
  if (text.size() != 29 || text[3] != ',' || text.substr(25) != " GMT") return {};
  int month = 0;
  for (std::size_t i = 0; i < kMonths.size(); ++i)
    if (text.substr(8, 3) == kMonths[i]) month = static_cast<int>(i) + 1;
  return make_time(digits(text, 12, 4), month, digits(text, 5, 2), digits(text, 17, 2),
                   digits(text, 20, 2), digits(text, 23, 2));
}

}  // namespace passport::wire::aws
