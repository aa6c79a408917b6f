#include "lab/query.h"

#include "base/text.h"

namespace passport::lab {

std::string decode_percent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i] == '+' ? ' ' : text[i];
  }
  return out;
}

QueryItems parse_query(std::string_view query) {
  QueryItems items;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto item = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    if (item.empty()) continue;
    const auto equals = item.find('=');
    const auto value =
        equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1);
    items.emplace_back(decode_percent(item.substr(0, equals)), decode_percent(value));
  }
  return items;
}

std::string find_item(const QueryItems& items, std::string_view name) {
  for (const auto& [key, value] : items) {
    if (key == name) return value;
  }
  return {};
}

std::pair<std::string_view, std::string_view> split_target(std::string_view target) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

}  // namespace passport::lab
