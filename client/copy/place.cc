#include "client/copy/place.h"

#include <algorithm>

#include <fmt/format.h>
#include <fnmatch.h>

#include "base/text.h"
#include "client/copy/sha256.h"

namespace passport::copy {
namespace {

constexpr std::size_t kMaxName = 255;  // bytes; of Linux's file systems

/// Means itself in any shell. Not "~", which bash may replace; bytes of UTF-8 do.
bool is_plain_in_shell(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("._/@%+=,:-").find(c) != std::string_view::npos;
}

Result<std::string> parse_remote_path(std::string_view path) {
  if (path.starts_with("~/")) {
    path.remove_prefix(2);
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    return std::string(path.empty() ? "." : path);
  }
  if (path.empty() || path == "~") return std::string(".");
  if (path.starts_with('~'))
    return Error{
        Errc::kUsage,
        fmt::format("\"{}\": another user's ~ is not known here", escape_for_terminal(path)),
        "name the folder; a name that begins with ~ is ./~..."};
  return std::string(path);
}

}  // namespace

Result<Place> parse_place(std::string_view text) {
  const auto colon = text.find(':');
  if (text.empty()) return Error{Errc::kUsage, "a file's name is empty"};
  if (text.find('\0') != std::string_view::npos)
    return Error{Errc::kUsage, "a file's name has a NUL"};
  if (colon == 0 || colon == std::string_view::npos || text.find('/') < colon)
    return Place{"", std::string(text)};
  const auto host = text.substr(0, colon);
  const bool good = host.front() != '-' && std::all_of(host.begin(), host.end(), [](char c) {
                      return static_cast<unsigned char>(c) > ' ' && c != 127;
                    });
  if (!good)
    return Error{Errc::kUsage,
                 fmt::format("\"{}\" cannot be a host", escape_for_terminal(host)),
                 "a file here whose name has a colon is ./NAME"};
  const auto path = parse_remote_path(text.substr(colon + 1));
  if (!path) return path.error();
  return Place{std::string(host), *path};
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= kMaxName &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

std::string base_name(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return name == "." || name == ".." ? std::string() : std::string(name);
}

std::string parent_of(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  path = path.substr(0, slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path.empty() ? "/" : path);
}

std::string join(std::string_view folder, std::string_view name) {
  if (folder.empty() || folder == ".") return std::string(name);
  return fmt::format("{}{}{}", folder, folder.ends_with('/') ? "" : "/", name);
}

std::string part_name(std::string_view name) {
  if (name.size() + kPartSuffix.size() <= kMaxName)
    return fmt::format("{}{}", name, kPartSuffix);
  // A name that is too long for the suffix is cut; its digest keeps it apart from others.
  constexpr std::size_t kKept = 160;
  return fmt::format("{}~{}{}", name.substr(0, kKept), sha256_hex(name), kPartSuffix);
}

std::string part_path(std::string_view path) {
  return join(parent_of(path), part_name(base_name(path)));
}

bool has_pattern(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

std::string unescape_pattern(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

Result<std::string> quote_for_scp(std::string_view path, bool source) {
  const bool pattern = source && has_pattern(path);
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (pattern && c == '\\' && i + 1 < path.size()) {
      c = path[++i];
    } else if (pattern && std::string_view("*?[]").find(c) != std::string_view::npos) {
      out += c;
      continue;
    } else if (pattern && out.ends_with('[') && (c == '!' || c == '^')) {
      out += c;
      continue;
    }
    if (c == '\n')
      return Error{Errc::kUsage,
                   fmt::format("\"{}\": scp -O cannot copy a name with a line feed",
                               escape_for_terminal(path))};
    if (!is_plain_in_shell(c)) out += '\\';
    out += c;
  }
  return out;
}

bool matches_name(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

}  // namespace passport::copy
