#include "aws/shared_files.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"

namespace passport::aws {
namespace {

using wire::aws::SharedConfig;
using wire::aws::SharedFile;

std::string path_of(const Environment& environment, std::string_view variable,
                    std::string_view name) {
  const auto home = find_variable(environment, "HOME");
  auto path = find_variable(environment, variable);
  if (path.empty()) return home.empty() ? std::string() : home + "/.aws/" + std::string(name);
  if (path.starts_with("~/") && !home.empty()) path.replace(0, 1, home);
  return path;
}

Result<SharedConfig> load_shared_file(const std::string& path, SharedFile kind) {
  if (path.empty()) return SharedConfig{};
  const auto text = load_file(path, wire::aws::kMaxSharedFile);
  if (!text && text.error().code == Errc::kNotFound) return SharedConfig{};
  if (!text) return Error{Errc::kConfig, text.error().detail};
  auto config = wire::aws::parse_shared_config(*text, kind);
  if (!config)
    return Error{Errc::kConfig, escape_for_terminal(path) + ": " + config.error().detail};
  return std::move(*config);
}

const wire::aws::ConfigSection* find_section(const SharedConfig& config,
                                             std::string_view name) {
  const auto at = config.profiles.find(name);
  return at == config.profiles.end() ? nullptr : &at->second;
}

}  // namespace

bool SharedFiles::has_profile(std::string_view name) const {
  return find_section(config, name) != nullptr || find_section(credentials, name) != nullptr;
}

std::string SharedFiles::find(std::string_view profile, std::string_view setting) const {
  for (const auto* file : {&credentials, &config}) {
    const auto* section = find_section(*file, profile);
    if (section != nullptr && !section->find(setting).empty())
      return std::string(section->find(setting));
  }
  return {};
}

std::string SharedFiles::names() const {
  if (config_path.empty() && credentials_path.empty()) return "no files: HOME is not set";
  return escape_for_terminal(config_path) + ", " + escape_for_terminal(credentials_path);
}

Result<SharedFiles> load_shared_files(const Environment& environment) {
  SharedFiles out;
  out.config_path = path_of(environment, "AWS_CONFIG_FILE", "config");
  out.credentials_path = path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  auto config = load_shared_file(out.config_path, SharedFile::kConfig);
  if (!config) return config.error();
  auto credentials = load_shared_file(out.credentials_path, SharedFile::kCredentials);
  if (!credentials) return credentials.error();
  out.config = std::move(*config);
  out.credentials = std::move(*credentials);
  return out;
}

Result<std::string> load_file(const std::string& path, std::size_t limit) {
  const auto failed = [&path](Errc code, std::string_view why) {
    return Error{code, escape_for_terminal(path) + ": " + std::string(why)};
  };
  // O_NONBLOCK: a fifo in the file's place must not stop us for ever.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return failed(errno == ENOENT || errno == ENOTDIR ? Errc::kNotFound : Errc::kUnavailable,
                  std::strerror(errno));
  std::string out(limit + 1, '\0');
  std::size_t size = 0;
  ssize_t got = 0;
  do {
    got = ::read(fd, out.data() + size, out.size() - size);
    if (got > 0) size += static_cast<std::size_t>(got);
  } while ((got > 0 && size < out.size()) || (got < 0 && errno == EINTR));
  const int error = errno;
  ::close(fd);
  if (got < 0) return failed(Errc::kUnavailable, std::strerror(error));
  if (size > limit) return failed(Errc::kTooLarge, "too large");
  out.resize(size);
  return out;
}

}  // namespace passport::aws
