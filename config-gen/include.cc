#include "config-gen/include.h"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/private_file.h"
#include "base/text.h"
#include "config-gen/render.h"
#include "net/fd.h"

namespace passport::config_gen {
namespace {

constexpr mode_t kModeBits = 07777;

struct FreeMalloced {
  void operator()(char* text) const { std::free(text); }
};

std::string_view without_spaces(std::string_view line) {
  constexpr std::string_view kSpaces = " \t\r\f";
  const auto first = line.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kSpaces) - first + 1);
}

/// Where the line begins in the text, and how long it is with its line feed.
struct Place {
  std::size_t at;
  std::size_t size;
};
Place find_line(std::string_view text, std::string_view line) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    if (without_spaces(text.substr(at, end - at)) == line)
      return {at, std::min(end + 1, text.size()) - at};
    at = end + 1;
  }
  return {text.size(), 0};
}

/// The user's own file, where it really is.
struct OwnFile {
  std::string path;
  std::string text{};
  mode_t mode = S_IRUSR | S_IWUSR;
};

Result<OwnFile> load_own_file() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/')
    return Error{Errc::kConfig, "HOME is not set: where is .ssh/config?"};
  OwnFile out{std::string(home) + "/.ssh/config"};
  const auto shown = escape_for_terminal(out.path);
  struct stat status {};
  if (::lstat(out.path.c_str(), &status) != 0) {
    if (errno == ENOENT) return out;
    return Error{Errc::kUnavailable, shown + ": " + net::errno_text(errno)};
  }
  const std::unique_ptr<char, FreeMalloced> real(::realpath(out.path.c_str(), nullptr));
  if (real == nullptr || ::stat(real.get(), &status) != 0)
    return Error{Errc::kUnavailable, shown + ": " + net::errno_text(errno)};
  if (!S_ISREG(status.st_mode)) return Error{Errc::kConfig, shown + ": it is not a file"};
  if (status.st_uid != ::geteuid())
    return Error{Errc::kDenied, shown + ": it belongs to another user"};
  out.path = real.get();
  out.mode = status.st_mode & kModeBits;
  std::ifstream file(out.path, std::ios::binary);
  out.text.assign(std::istreambuf_iterator<char>(file), {});
  if (!file || out.text.size() != static_cast<std::size_t>(status.st_size))
    return Error{Errc::kUnavailable, shown + ": it cannot be read"};
  return out;
}

}  // namespace

Result<std::string> make_include_line(const std::string& path) {
  const auto quoted = quote_path(path);
  if (!quoted) return quoted.error();
  if (path.find_first_of("*?[%") != std::string::npos)
    return Error{Errc::kConfig, "\"" + escape_for_terminal(path) + "\" cannot be included",
                 "use a folder whose path has no *, ?, [ or %"};
  return "Include " + *quoted;
}

std::string add_line(std::string_view text, std::string_view line) {
  if (find_line(text, line).size > 0) return std::string(text);
  return fmt::format("{}\n{}", line, text);
}

std::string remove_line(std::string_view text, std::string_view line) {
  const auto place = find_line(text, line);
  std::string out(text);
  return out.erase(place.at, place.size);
}

Result<bool> include_file(const std::string& path, bool wanted) {
  const auto line = make_include_line(path);
  if (!line) return line.error();
  const auto file = load_own_file();
  if (!file) return file.error();
  const auto text = wanted ? add_line(file->text, *line) : remove_line(file->text, *line);
  if (text == file->text) return false;
  if (auto saved = aws::replace_file(file->path, text, file->mode); !saved)
    return saved.error();
  return true;
}

}  // namespace passport::config_gen
