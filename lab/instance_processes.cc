#include "lab/instance_processes.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
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

struct Process {
  pid_t parent = 0;  // 0: no such process
  std::string program{};
};

// From "PID (NAME) STATE PARENT ..."; the name may hold anything.
Process find_process(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name = line.find('(');
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos || line.size() < name_end + 5) return {};
  return {static_cast<pid_t>(std::strtol(line.c_str() + name_end + 4, nullptr, 10)),
          line.substr(name + 1, name_end - name - 1)};
}

std::map<pid_t, Process> all_processes() {
  std::map<pid_t, Process> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  while (const dirent* entry = proc ? ::readdir(proc.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    auto process = find_process(name);
    if (process.parent == 0) continue;
    all.emplace(static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10)), std::move(process));
  }
  return all;
}

std::vector<pid_t> children_of_this() {
  std::vector<pid_t> children;
  for (const auto& [pid, process] : all_processes()) {
    if (process.parent == ::getpid()) children.push_back(pid);
  }
  return children;
}

bool descends_from(const std::map<pid_t, Process>& all, pid_t pid, pid_t ancestor) {
  for (std::size_t steps = 0; steps < all.size(); ++steps) {
    const auto it = all.find(pid);
    if (it == all.end()) return false;
    pid = it->second.parent;
    if (pid == ancestor) return true;
  }
  return false;
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

unsigned signal_descendants(std::string_view program, int signal) {
  unsigned reached = 0;
  const auto all = all_processes();
  for (const auto& [pid, process] : all) {
    if (process.program != program || !descends_from(all, pid, ::getpid())) continue;
    if (::kill(pid, signal) == 0) ++reached;
  }
  return reached;
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
