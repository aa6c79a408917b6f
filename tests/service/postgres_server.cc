#include "tests/service/postgres_server.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace passport::service {
namespace {

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";

}  // namespace

PostgresServer& PostgresServer::instance() {
  static PostgresServer server;
  return server;
}

/// As the user postgres where this one is root, whom PostgreSQL refuses.
bool PostgresServer::run(const std::string& command) const {
  const std::string as_user =
      ::geteuid() == 0
          ? "setpriv --reuid postgres --regid postgres --clear-groups --no-new-privs "
          : "";
  const auto line = "cd " + folder_ + " && " + as_user + kPrograms + command + " >>" + folder_ +
                    "/log 2>&1 </dev/null";
  return std::system(line.c_str()) == 0;
}

bool PostgresServer::start() {
  return run("pg_ctl start -w -t 60 -D " + folder_ + "/data -o \"-c listen_addresses='' -k " +
             folder_ + "\"");
}

PostgresServer::PostgresServer() {
  if (!std::filesystem::exists(std::string(kPrograms) + "initdb")) {
    why_not_ = "PostgreSQL 15 is not installed";
    return;
  }
  std::string pattern =
      (std::filesystem::temp_directory_path() / "passport-pg-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  if (::geteuid() == 0) {
    const auto chown = "chown postgres: " + folder_;
    if (std::system(chown.c_str()) != 0) why_not_ = "there is no user postgres";
  }
  if (why_not_.empty() &&
      !(run("initdb -A trust -E UTF8 --locale C.UTF-8 -U passport -D " + folder_ + "/data") &&
        start()))
    why_not_ = "PostgreSQL does not start: see " + folder_ + "/log";
}

PostgresServer::~PostgresServer() {
  if (folder_.empty()) return;
  if (why_not_.empty()) run("pg_ctl stop -w -m immediate -D " + folder_ + "/data");
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string PostgresServer::make_database() {
  if (!why_not_.empty()) return "";
  const auto name = "db" + std::to_string(++databases_);
  if (!run("createdb -h " + folder_ + " -U passport " + name)) return "";
  return "postgresql:///" + name + "?user=passport&host=" + folder_;
}

void PostgresServer::kill_and_restart() {
  pid_t pid = 0;
  std::ifstream(folder_ + "/data/postmaster.pid") >> pid;
  if (pid > 0) ::kill(pid, SIGKILL);
  while (pid > 0 && ::kill(pid, 0) == 0) ::usleep(10'000);
  std::filesystem::remove(folder_ + "/data/postmaster.pid");
  // The children notice by themselves; until they are gone it does not start.
  for (int i = 0; i < 20 && !start(); ++i) ::usleep(200'000);
}

}  // namespace passport::service
