#include "client/pseudonyms.h"

#include <algorithm>
#include <array>

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "wire/aws/identifiers.h"
#include "wire/http.h"

namespace passport::client {
namespace {

constexpr auto kNone = std::string_view::npos;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !is_alphanumeric(text[begin - 1])) &&
         (end == text.size() || !is_alphanumeric(text[end]));
}

/// The longest beginning of `text` of these characters that ends with a letter or digit.
std::string_view take_run(std::string_view text, std::string_view besides, std::size_t most) {
  std::size_t size = 0;
  const auto is = [&](char c) { return is_alphanumeric(c) || besides.find(c) != kNone; };
  while (size < std::min(text.size(), most) && is(text[size])) ++size;
  while (size > 0 && !is_alphanumeric(text[size - 1])) --size;
  return text.substr(0, size);
}

std::string_view take_mail_address(std::string_view text) {
  const auto name = take_run(text, "._%+-", 64);
  if (name.empty() || name.size() == text.size() || text[name.size()] != '@') return {};
  const auto host = take_run(text.substr(name.size() + 1), ".-", 255);
  if (host.find('.') == kNone || host == "openssh.com") return {};  // a type of key
  return text.substr(0, name.size() + 1 + host.size());
}

std::string_view take_instance(std::string_view text) {
  const auto word = take_run(text, "-", 20);
  const auto id = word.substr(0, word.find('-', word.find('-') + 1));
  return wire::aws::is_instance_id(id) ? id : std::string_view();
}

std::string_view take_account(std::string_view text) {
  const auto word = take_run(text, "", 13);
  const bool good = word.size() == 12 && std::all_of(word.begin(), word.end(), [](char c) {
                      return c >= '0' && c <= '9';
                    });
  return good ? word : std::string_view();
}

std::string_view take_address(std::string_view text) {
  constexpr std::size_t kLongest = 45;
  const auto view = [](std::string_view s) {
    return boost::core::string_view(s.data(), s.size());
  };
  const auto v4 = take_run(text, ".", kLongest);
  if (boost::urls::parse_ipv4_address(view(v4)).has_value())
    return wire::is_loopback(v4) ? std::string_view() : v4;
  const auto v6 = take_run(text, ":.", kLongest);
  const bool good = boost::urls::parse_ipv6_address(view(v6)).has_value();
  return good && !wire::is_loopback(v6) ? v6 : std::string_view();
}

struct Form {
  std::string_view kind;
  std::string_view (*take)(std::string_view text);
};
constexpr std::array<Form, 4> kForms = {{{"person", take_mail_address},
                                         {"instance", take_instance},
                                         {"account", take_account},
                                         {"address", take_address}}};

}  // namespace

const std::string& Pseudonyms::pseudonym_of(std::string_view kind, std::string_view name) {
  const auto [at, fresh] = pseudonyms_.try_emplace(to_lower(name));
  if (fresh) at->second = fmt::format("{}-{}", kind, ++counts_[std::string(kind)]);
  return at->second;
}

void Pseudonyms::add(std::string_view kind, std::string_view name) {
  if (name.size() < 2 || pseudonyms_.contains(to_lower(name))) return;
  pseudonym_of(kind, name);
  const auto longer = [](const std::string& a, const std::string& b) {
    return a.size() > b.size();
  };
  auto lower = to_lower(name);
  names_.insert(std::upper_bound(names_.begin(), names_.end(), lower, longer), lower);
}

std::string Pseudonyms::apply(std::string_view text) {
  std::string out(text);
  for (const auto& name : names_) {
    const auto lower = to_lower(out);
    std::string next;
    std::size_t done = 0;
    for (auto at = lower.find(name); at != kNone; at = lower.find(name, at + 1)) {
      if (at < done || !stands_alone(lower, at, at + name.size())) continue;
      next.append(out, done, at - done);
      next += pseudonyms_.find(name)->second;
      done = at + name.size();
    }
    out = next.append(out, done);
  }
  return replace_forms(out);
}

std::string Pseudonyms::replace_forms(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size = 1;
    std::string shown(1, text[at]);
    for (const auto& form : kForms) {
      const auto word = form.take(text.substr(at));
      if (word.empty() || !stands_alone(text, at, at + word.size())) continue;
      size = word.size();
      shown = pseudonym_of(form.kind, word);
      break;
    }
    out += shown;
    at += size;
  }
  return out;
}

}  // namespace passport::client
