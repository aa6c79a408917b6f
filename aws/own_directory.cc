#include "aws/own_directory.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace passport::aws {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

Error unusable(const std::string& path, int error) {
  return {error == EACCES || error == EPERM ? Errc::kDenied : Errc::kConfig,
          fmt::format("\"{}\": {}", escape_for_terminal(path), std::strerror(error))};
}

}  // namespace

Result<std::string> find_own_directory(const Environment& environment) {
  for (const auto* name : {"XDG_RUNTIME_DIR", "XDG_STATE_HOME"})
    if (const auto base = find_variable(environment, name); base.starts_with('/'))
      return base + "/passport";
  const auto home = find_variable(environment, "HOME");
  if (home.starts_with('/')) return home + "/.local/state/passport";
  return Error{Errc::kConfig, "neither XDG_RUNTIME_DIR nor HOME is set"};
}

Result<void> make_own_directory(const std::string& path) {
  for (auto at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
    (void)::mkdir(path.substr(0, at).c_str(), S_IRWXU);  // what matters is the last
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return unusable(path, errno);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return unusable(path, errno);
  if (!S_ISDIR(status.st_mode)) return unusable(path, ENOTDIR);
  const auto shown = escape_for_terminal(path);
  if (status.st_uid != ::geteuid())
    return Error{Errc::kDenied, fmt::format("\"{}\" belongs to another user", shown)};
  if ((status.st_mode & kOthers) != 0)
    return Error{Errc::kDenied, fmt::format("other users may enter \"{}\"", shown),
                 fmt::format("chmod 700 '{}'", shown)};
  return {};
}

}  // namespace passport::aws
