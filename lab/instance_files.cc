#include "lab/instance_files.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/instance_fd.h"
#include "lab/instance_spawn.h"

namespace passport::lab {
namespace {

constexpr std::size_t kMaxFile = std::size_t{1} << 20;
constexpr std::chrono::seconds kKeyDeadline{30};

Error cannot(const std::string& path, int error) {
  return {error == ENOENT ? Errc::kNotFound : Errc::kUnavailable,
          path + ": " + errno_text(error)};
}

std::string key_path(const std::string& directory, const std::string& type) {
  return directory + "/ssh_host_" + type + "_key";
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return cannot(path, errno);
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot(path, errno);
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > kMaxFile) return Error{Errc::kTooLarge, path};
  }
}

Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file) return cannot(path, errno);
  while (!text.empty()) {
    const ssize_t n = ::write(file.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot(path, errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return cannot(path, errno);
  return {};
}

Result<HostKeyMaking> HostKeyMaking::start(const std::string& directory) {
  HostKeyMaking making;
  making.directory_ = directory;
  for (const std::string type : kHostKeyTypes) {
    const std::string path = key_path(directory, type);
    if (exists(path) && exists(path + ".pub")) continue;
    // Under another name until it is complete: ssh-keygen writes the private key first.
    const std::string unfinished = path + ".new";
    ::unlink(unfinished.c_str());
    std::vector<std::string> argv{"ssh-keygen", "-q", "-t", type, "-N",
                                  "",           "-C", "",   "-f", unfinished};
    if (type == "rsa") argv.insert(argv.end(), {"-b", "2048"});
    Result<pid_t> child = spawn({.argv = argv, .fds = {-1, -1, STDERR_FILENO, -1}});
    if (!child) return child.error();
    making.running_.emplace_back(type, *child);
  }
  return making;
}

Result<void> HostKeyMaking::finish() {
  Result<void> outcome;
  for (const auto& [type, pid] : running_) {
    const std::string path = key_path(directory_, type);
    const auto status = wait_for_child(pid, kKeyDeadline);
    const bool made = status == 0 &&
                      ::rename((path + ".new.pub").c_str(), (path + ".pub").c_str()) == 0 &&
                      ::rename((path + ".new").c_str(), path.c_str()) == 0;
    if (!made) outcome = Error{Errc::kUnavailable, "ssh-keygen: no " + type + " host key"};
  }
  running_.clear();
  return outcome;
}

Result<std::vector<HostKey>> load_host_keys(const std::string& directory) {
  std::vector<HostKey> keys;
  for (const std::string type : kHostKeyTypes) {
    Result<std::string> text = read_file(key_path(directory, type));
    if (!text) return text.error();
    keys.push_back({type, std::move(*text)});
  }
  return keys;
}

Result<std::vector<std::string>> load_host_public_keys(const std::string& directory) {
  std::vector<std::string> keys;
  for (const std::string type : kHostKeyTypes) {
    Result<std::string> text = read_file(key_path(directory, type) + ".pub");
    if (!text) return text.error();
    const std::size_t end = text->find_first_of(" \n", text->find(' ') + 1);
    keys.push_back(text->substr(0, end));
  }
  return keys;
}

}  // namespace passport::lab
