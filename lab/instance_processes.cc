#include "lab/instance_processes.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <dirent.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace passport::lab {
namespace {

constexpr std::chrono::seconds kKillDeadline{2};

// The parent, from "PID (NAME) STATE PARENT ..."; the name may hold anything. 0: no such
// process.
pid_t parent_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos || line.size() < name_end + 5) return 0;
  return static_cast<pid_t>(std::strtol(line.c_str() + name_end + 4, nullptr, 10));
}

std::vector<pid_t> children_of_this() {
  std::vector<pid_t> children;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  while (const dirent* entry = proc ? ::readdir(proc.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (parent_of(name) == ::getpid()) {
      children.push_back(static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10)));
    }
  }
  return children;
}

}  // namespace

// proc(5), /proc/net/tcp: "  0: 0100007F:0016 00000000:0000 0A ...", 0A is LISTEN. The address
// is printed in the machine's byte order.
bool is_listening(unsigned short port) {
  std::ifstream table("/proc/net/tcp");
  const std::string wanted = fmt::format(":{:04X} 00000000:0000 0A", port);
  std::string line;
  while (std::getline(table, line)) {
    if (line.find(wanted) != std::string::npos) return true;
  }
  return false;
}

void kill_descendants() {
  const auto until = std::chrono::steady_clock::now() + kKillDeadline;
  while (std::chrono::steady_clock::now() < until) {
    for (const pid_t child : children_of_this()) ::kill(child, SIGKILL);
    pid_t reaped = 0;
    while ((reaped = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (reaped < 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace passport::lab
