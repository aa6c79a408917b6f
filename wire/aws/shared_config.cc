#include "wire/aws/shared_config.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace passport::wire::aws {
namespace {

constexpr std::string_view kSpace = " \t\r\f\v";

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((text[i] == '#' || text[i] == ';') &&
        (i == 0 || kSpace.find(text[i - 1]) != std::string_view::npos))
      return text.substr(0, i);
  return text;
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                      text.front() == text.back();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

class Parser {
 public:
  explicit Parser(SharedFile kind) : kind_(kind) {}

  /// One line without its end. An error is what is wrong with it; empty = nothing.
  std::string take_line(std::string_view line) {
    const auto text = trim(line);
    if (text.empty() || text.front() == '#' || text.front() == ';') return {};
    const bool indented = kSpace.find(line.front()) != std::string_view::npos;
    if (text.front() == '[' && !indented) return take_section(text);
    if (!in_section_) return "a setting before the first [section]";
    if (indented && !name_.empty()) return take_indented(text);
    return take_setting(text);
  }

  SharedConfig finish() {
    if (const auto at = out_.profiles.find(kPrefixedDefault); at != out_.profiles.end()) {
      out_.profiles["default"] = std::move(at->second);
      out_.profiles.erase(at);
    }
    return std::move(out_);
  }

 private:
  /// Where [profile default] waits; no section name can hold a line feed.
  static constexpr std::string_view kPrefixedDefault = "\ndefault";

  std::string take_section(std::string_view text) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return "a section without ']'";
    if (!trim(without_comment(text.substr(close + 1))).empty() && text[close + 1] != '#' &&
        text[close + 1] != ';')
      return "text after ']'";
    in_section_ = true;
    section_ = nullptr;
    name_.clear();
    const auto title = trim(text.substr(1, close - 1));
    if (title.empty()) return "a section without a name";
    if (kind_ == SharedFile::kCredentials) {
      section_ = &out_.profiles[std::string(without_quotes(title))];
      return {};
    }
    if (title == "default") {
      section_ = &out_.profiles["default"];
      return {};
    }
    const auto gap = std::min(title.find_first_of(" \t"), title.size());
    const auto kind = title.substr(0, gap);
    const auto name = without_quotes(trim(title.substr(gap)));
    auto* sections = kind == "profile"       ? &out_.profiles
                     : kind == "sso-session" ? &out_.sso_sessions
                     : kind == "services"    ? &out_.services
                                             : nullptr;
    if (sections == nullptr) return {};
    if (name.empty()) return "a [" + std::string(kind) + "] section without a name";
    const bool prefixed_default = sections == &out_.profiles && name == "default";
    section_ = &(*sections)[std::string(prefixed_default ? kPrefixedDefault : name)];
    return {};
  }

  std::string take_setting(std::string_view text) {
    const auto split = text.find_first_of("=:");
    if (split == std::string_view::npos) return "a setting without '='";
    name_ = to_lower(trim(text.substr(0, split)));
    if (name_.empty()) return "a setting without a name";
    const auto value = trim(without_comment(text.substr(split + 1)));
    nesting_ = value.empty();
    if (section_ != nullptr) section_->values[name_] = std::string(value);
    return {};
  }

  std::string take_indented(std::string_view text) {
    if (!nesting_) {
      if (section_ != nullptr)
        section_->values[name_].append("\n").append(trim(without_comment(text)));
      return {};
    }
    const auto split = text.find_first_of("=:");
    if (split == std::string_view::npos) return "a nested setting without '='";
    const auto name = to_lower(trim(text.substr(0, split)));
    if (name.empty()) return "a nested setting without a name";
    if (section_ != nullptr)
      section_->nested[name_][name] =
          std::string(trim(without_comment(text.substr(split + 1))));
    return {};
  }

  SharedFile kind_;
  SharedConfig out_;
  ConfigSection* section_ = nullptr;  ///< null while in a section that is skipped
  bool in_section_ = false;
  std::string name_;      ///< the setting that an indented line belongs to
  bool nesting_ = false;  ///< name_ has no value of its own
};

}  // namespace

std::string_view ConfigSection::find(std::string_view name) const {
  const auto at = values.find(name);
  return at == values.end() ? std::string_view() : std::string_view(at->second);
}

Result<SharedConfig> parse_shared_config(std::string_view text, SharedFile kind) {
  if (text.size() > kMaxSharedFile) return Error{Errc::kTooLarge, "larger than 1 MiB"};
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Parser parser(kind);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto wrong = parser.take_line(text.substr(0, end));
    if (!wrong.empty())
      return Error{Errc::kMalformed, "line " + std::to_string(number) + ": " + wrong};
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.finish();
}

}  // namespace passport::wire::aws
