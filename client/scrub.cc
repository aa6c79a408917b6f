#include "client/scrub.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/base64.h"
#include "base/text.h"
#include "wire/ssh/public_key.h"

namespace passport::client {
namespace {

constexpr auto kNone = std::string_view::npos;
constexpr int kRounds = 8;  ///< kRedacted can make something new of what stands around it

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};
using Spans = std::vector<Span>;

struct Text {
  explicit Text(std::string_view in) : as_is(in), lower(to_lower(in)) {}
  std::string_view as_is;
  std::string lower;
};

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter_or_digit(char c) {
  return is_upper(c) || is_lower(c) || is_digit(c);
}
bool is_base64url(char c) {
  return is_letter_or_digit(c) || c == '-' || c == '_';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
bool ends_line(char c) {
  return c == '\n' || c == '\r';
}
bool is_quote(char c) {
  return c == '"' || c == '\'';
}
bool ends_word(char c) {
  return is_blank(c) || ends_line(c) || is_quote(c) || c == '<' || c == '>';
}

template <class Is>
std::size_t skip(std::string_view text, std::size_t at, Is is) {
  while (at < text.size() && is(text[at])) ++at;
  return at;
}

/// Each `prefix`, whose characters are `is`, with at least `least` more.
template <class Is>
void find_prefixed(std::string_view text, std::string_view prefix, std::size_t least, Is is,
                   Spans& out) {
  std::size_t end = 0;
  for (auto at = text.find(prefix); at != kNone; at = text.find(prefix, end)) {
    end = skip(text, at + prefix.size(), is);
    if (end - at >= prefix.size() + least) out.push_back({at, end});
  }
}

void find_tokens(const Text& text, Spans& out) {
  find_prefixed(text.as_is, "ppt_", 16, is_base64url, out);
}

void find_key_ids(const Text& text, Spans& out) {
  const auto is = [](char c) { return is_upper(c) || is_digit(c); };
  find_prefixed(text.as_is, "AKIA", 12, is, out);
  find_prefixed(text.as_is, "ASIA", 12, is, out);
}

/// A word of base64, with what stands for one character of it counted as that.
struct Word {
  Span span{};
  std::string characters{};
};

/// How many bytes at `at` are one character of a word, and which; 0: none.
std::size_t take_character(std::string_view text, std::size_t at, bool url, char& out) {
  const auto is = [url](char c) {
    return is_letter_or_digit(c) || c == '+' || c == '/' || (url && (c == '-' || c == '_'));
  };
  out = text[at];
  if (is(out)) return 1;
  if (text.substr(at).starts_with("\\/")) {
    out = '/';
    return 2;
  }
  if (out != '%' || at + 2 >= text.size()) return 0;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  out = static_cast<char>(high * 16 + low);
  return high >= 0 && low >= 0 && is(out) ? 3 : 0;
}

std::optional<Word> next_word(std::string_view text, std::size_t from, bool url) {
  Word out;
  char c = 0;
  while (from < text.size() && take_character(text, from, url, c) == 0) ++from;
  if (from == text.size()) return {};
  auto at = from;
  while (at < text.size()) {
    const auto size = take_character(text, at, url, c);
    if (size == 0) break;
    out.characters += c;
    at += size;
  }
  out.span = {from, at};
  return out;
}

void find_secret_keys(const Text& text, Spans& out) {
  constexpr std::size_t kSize = 40;  // base64 of 30 bytes
  for (std::size_t from = 0; const auto word = next_word(text.as_is, from, false);
       from = word->span.end) {
    const auto& all = word->characters;
    const bool others =
        std::any_of(all.begin(), all.end(), [](char c) { return is_lower(c) || is_digit(c); });
    if (all.size() == kSize && others && std::any_of(all.begin(), all.end(), is_upper))
      out.push_back(word->span);
  }
}

/// `word`: without its padding.
bool is_public_key(std::string word) {
  if (!word.starts_with("AAAA")) return false;
  while (word.size() % 4 != 0) word += '=';
  const auto blob = decode_base64(word);
  return blob && wire::ssh::parse_public_key(as_bytes(*blob));
}

bool is_path(std::string_view word) {
  constexpr std::size_t kLongestName = 32;
  if (!word.starts_with('/')) return false;
  std::size_t length = 0;
  for (const char c : word) {
    length = c == '/' ? 0 : length + 1;
    if (length > kLongestName) return false;
  }
  return true;
}

void find_opaque_words(const Text& text, Spans& out) {
  constexpr std::size_t kLeast = 60;
  for (std::size_t from = 0; const auto word = next_word(text.as_is, from, true);
       from = word->span.end) {
    const auto& all = word->characters;
    const bool opaque = all.size() >= kLeast && std::any_of(all.begin(), all.end(), is_upper) &&
                        std::any_of(all.begin(), all.end(), is_lower) &&
                        std::any_of(all.begin(), all.end(), is_digit);
    if (opaque && !is_public_key(all) && !is_path(all)) out.push_back(word->span);
  }
}

void find_jwts(const Text& text, Spans& out) {
  constexpr std::size_t kLeastPart = 8;
  const auto all = text.as_is;
  std::size_t first = 0;
  for (auto at = all.find("eyJ"); at != kNone; at = all.find("eyJ", first)) {
    first = skip(all, at, is_base64url);
    if (first - at < kLeastPart || first == all.size() || all[first] != '.') continue;
    const auto second = skip(all, first + 1, is_base64url);
    if (second - first <= kLeastPart || second == all.size() || all[second] != '.') continue;
    first = skip(all, second, [](char c) { return is_base64url(c) || c == '.'; });
    out.push_back({at, first});
  }
}

void find_private_keys(const Text& text, Spans& out) {
  constexpr std::string_view kWhat = "private key";
  constexpr std::size_t kMost = 40;  // "BEGIN ENCRYPTED PRIVATE KEY"
  const std::string_view all = text.lower;
  for (auto at = all.find("begin "); at != kNone; at = all.find("begin ", at + 1)) {
    const auto what = all.substr(at, kMost).find(kWhat);
    if (what == kNone) continue;
    auto end = all.find("end ", at + what);
    while (end != kNone && all.substr(end, kMost).find(kWhat) == kNone)
      end = all.find("end ", end + 1);
    if (end == kNone) return out.push_back({at, all.size()});
    end += all.substr(end).find(kWhat) + kWhat.size();
    end = skip(all, end, [](char c) { return c == '-'; });
    out.push_back({at, end});
    at = end - 1;
  }
}

void find_http_credentials(const Text& text, Spans& out) {
  constexpr std::size_t kLeast = 8;
  for (const std::string_view name : {"bearer", "basic"}) {
    for (auto at = text.lower.find(name); at != kNone; at = text.lower.find(name, at + 1)) {
      const auto begin = skip(text.as_is, at + name.size(), is_blank);
      if (begin == at + name.size()) continue;
      const auto end = skip(text.as_is, begin, [](char c) {
        return is_base64url(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
      });
      const auto value = text.as_is.substr(begin, end - begin);
      const bool a_word = std::all_of(value.begin(), value.end(), is_lower);
      if (value.size() >= kLeast && !a_word) out.push_back({begin, end});
    }
  }
}

/// From behind a name to its value: quotes, blanks and a ':' or '='. `value` is inside quotes
/// when it has some, and that of a query ends at '&'. False: no value belongs to the name.
bool find_value(std::string_view text, std::size_t at, bool query, Span& value) {
  const auto skip_quotes = [&](std::size_t from) {
    return skip(text, from, [](char c) { return is_quote(c) || c == '\\'; });
  };
  auto begin = skip(text, skip_quotes(at), is_blank);
  if (begin == text.size() || (text[begin] != ':' && text[begin] != '=')) return false;
  begin = skip_quotes(skip(text, begin + 1, is_blank));
  const auto end = skip(text, begin, [query](char c) {
    return !ends_line(c) && !is_quote(c) && !(query && c == '&');
  });
  value = {begin, end};
  auto shown = text.substr(begin, end - begin);
  while (!shown.empty() && (is_blank(shown.back()) || shown.back() == '\\'))
    shown.remove_suffix(1);
  return !shown.empty() && shown != kRedacted;
}

/// `--password VALUE`, of which the name ends at `at`.
bool find_argument(std::string_view text, std::size_t at, Span& value) {
  constexpr std::size_t kLongest = 64;  // of an option
  const auto from = at - std::min(at, kLongest);
  const auto option = text.substr(from, at - from);
  const auto before = option.find_last_not_of("abcdefghijklmnopqrstuvwxyz_-");
  if (!option.substr(before == kNone ? 0 : before + 1).starts_with("--")) return false;
  const auto begin = skip(text, at, [](char c) { return is_blank(c) || is_quote(c); });
  const auto end = skip(text, begin, [](char c) { return !ends_word(c); });
  value = {begin, end};
  return begin > at && end > begin && text.substr(begin, end - begin) != kRedacted;
}

void find_named(const Text& text, Spans& out) {
  constexpr std::array<std::string_view, 14> kNames = {
      "authorization", "cookie",    "password",   "passwd",     "passphrase",
      "pwd",           "secret",    "token",      "apikey",     "api_key",
      "api-key",       "accesskey", "access_key", "private_key"};
  for (const auto name : kNames) {
    std::size_t next = 0;
    for (auto at = text.lower.find(name); at != kNone; at = text.lower.find(name, next)) {
      next = at + name.size();
      if (next < text.lower.size() && text.lower[next] == 's') ++next;
      Span value;
      if (!find_value(text.as_is, next, false, value) &&
          !find_argument(text.lower, next, value))
        continue;
      out.push_back(value);
      next = value.end;
    }
  }
}

/// What stands before the last '@' of a word that may have a user and a password there.
void find_userinfos(const Text& text, Spans& out) {
  const auto all = text.as_is;
  for (std::size_t begin = 0; begin < all.size(); ++begin) {
    const auto word_begin = begin;
    begin = skip(all, begin, [](char c) { return !ends_word(c); });
    const auto word = all.substr(word_begin, begin - word_begin);
    const auto at = word.rfind('@');
    const auto scheme = word.find("://");
    const auto colon = word.find(':');
    if (at == kNone || colon == kNone || colon > at) continue;
    const auto user = colon == scheme ? scheme + 3 : 0;
    if (user < at && word.substr(user, at - user) != kRedacted)
      out.push_back({word_begin + user, word_begin + at});
  }
}

void find_signed_queries(const Text& text, Spans& out) {
  constexpr std::string_view kStart = "x-amz-";
  std::size_t name = 0;
  for (auto at = text.lower.find(kStart); at != kNone; at = text.lower.find(kStart, name)) {
    name = skip(text.as_is, at + kStart.size(), is_base64url);
    Span value;
    if (find_value(text.as_is, name, true, value)) out.push_back(value);
  }
}

struct Kind {
  std::string_view name;
  void (*find)(const Text& text, Spans& out);
};

constexpr std::array<Kind, 10> kKinds = {{{"a token", find_tokens},
                                          {"an access key's id", find_key_ids},
                                          {"an access key's secret", find_secret_keys},
                                          {"a long opaque word", find_opaque_words},
                                          {"a JWT", find_jwts},
                                          {"a private key", find_private_keys},
                                          {"an HTTP credential", find_http_credentials},
                                          {"a named secret", find_named},
                                          {"a user and password", find_userinfos},
                                          {"a signed query", find_signed_queries}}};

Spans find_all(std::string_view in, std::span<const Secret> known) {
  const Text text(in);
  Spans out;
  for (const auto& kind : kKinds) kind.find(text, out);
  for (const auto& secret : known) {
    const auto what = secret.reveal();
    if (what.size() < kLeastKnown) continue;
    for (auto at = in.find(what); at != kNone; at = in.find(what, at + 1))
      out.push_back({at, at + what.size()});
  }
  std::sort(out.begin(), out.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  return out;
}

/// `spans` in order; those that overlap are one.
std::string take_out(const std::string& text, const Spans& spans) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t i = 0; i < spans.size();) {
    const auto begin = spans[i].begin;
    auto end = spans[i].end;
    for (++i; i < spans.size() && spans[i].begin < end; ++i) end = std::max(end, spans[i].end);
    out.append(text, done, begin - done);
    out += kRedacted;
    done = end;
  }
  return out.append(text, done);
}

}  // namespace

std::string scrub(std::string_view text, std::span<const Secret> known) {
  std::string out(text);
  for (int round = 0; round < kRounds; ++round) {
    const auto spans = find_all(out, known);
    if (spans.empty()) break;
    out = take_out(out, spans);
  }
  return out;
}

std::string_view find_secret(std::string_view in, std::span<const Secret> known) {
  const Text text(in);
  Spans found;
  for (const auto& kind : kKinds) {
    kind.find(text, found);
    if (!found.empty()) return kind.name;
  }
  const bool is_known = std::any_of(known.begin(), known.end(), [&](const Secret& secret) {
    return secret.reveal().size() >= kLeastKnown && in.find(secret.reveal()) != kNone;
  });
  return is_known ? "a secret of this machine" : "";
}

}  // namespace passport::client
