#include "base/display_width.h"

#include <clocale>
#include <cwchar>

#include <locale.h>

#include "base/text.h"

namespace passport {
namespace {

/// wcwidth(3) knows the characters of the locale: this thread's is UTF-8 while this lives.
class InUtf8 {
 public:
  InUtf8() : before_(::uselocale(utf8())) {}
  ~InUtf8() { ::uselocale(before_); }
  InUtf8(const InUtf8&) = delete;
  InUtf8& operator=(const InUtf8&) = delete;

 private:
  static locale_t utf8() {
    static const locale_t made = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return made;  // none on a strange system: then every character has one column
  }
  locale_t before_;
};

/// Takes one character off the front; its columns.
std::size_t take_character(std::string_view& text) {
  std::uint32_t c = 0;
  const auto size = decode_utf8(text, c);
  text.remove_prefix(size == 0 ? 1 : size);
  const int width = size == 0 ? 1 : ::wcwidth(static_cast<wchar_t>(c));
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

/// The longest front of `text` that fits.
std::string_view fit(std::string_view text, std::size_t columns) {
  auto rest = text;
  while (!rest.empty()) {
    auto after = rest;
    const auto width = take_character(after);
    if (width > columns) break;
    columns -= width;
    rest = after;
  }
  return text.substr(0, text.size() - rest.size());
}

}  // namespace

std::size_t display_width(std::string_view text) {
  const InUtf8 locale;
  std::size_t out = 0;
  while (!text.empty()) out += take_character(text);
  return out;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
  constexpr std::string_view kCut = "...";
  const InUtf8 locale;
  const auto all = fit(text, columns);
  if (all.size() == text.size()) return std::string(text);
  if (columns <= kCut.size()) return std::string(all);
  return std::string(fit(text, columns - kCut.size())).append(kCut);
}

std::string pad_to_width(std::string_view text, std::size_t columns) {
  const auto width = display_width(text);
  return std::string(text).append(width < columns ? columns - width : 0, ' ');
}

}  // namespace passport
