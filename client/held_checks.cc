// The doctor's checks of what passport-ssh-config leaves for ssh: the agent's keys, ssh_config.
#include <cerrno>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/agent_place.h"
#include "aws/shared_files.h"
#include "base/text.h"
#include "client/exam.h"
#include "client/judge.h"
#include "client/program.h"
#include "net/command.h"
#include "net/together.h"

namespace passport::client {
namespace {

constexpr std::size_t kMaxConfig = 16 << 20;       ///< bytes
constexpr std::size_t kAtOnce = 4;                 ///< instances
constexpr std::chrono::seconds kInstanceTime{60};  ///< for one
constexpr const char* kTool = "passport-ssh-config";

std::int64_t now() {
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
}

std::size_t count_accesses(const Exam& exam) {
  return exam.accesses ? exam.accesses->size() : 0;
}

/// No agent runs: whether one has to.
Finding judge_absence(const Exam& exam) {
  if (!exam.accesses) return warn("none runs");
  if (count_accesses(exam) == 0) return ok("none runs, and none is needed");
  return fail(Errc::kUnavailable, "none runs", "have it started: passport ssh-config");
}

/// What ssh itself makes of the file.
net::Task<Finding> ask_ssh(const Exam& exam, std::string path, net::Deadline deadline) {
  const auto& accesses = *exam.accesses;
  const auto some = std::find_if(accesses.begin(), accesses.end(),
                                 [](const api::Access& a) { return !a.hosts.empty(); });
  const auto host = some != accesses.end() ? some->hosts.front().id : std::string("localhost");
  const std::vector<std::string> words{"ssh", "-G", "-F", path, host};
  auto running = run_program(words, deadline);
  const auto end = co_await std::move(running);
  if (!end) co_return fail(end.error());
  if (end->status != 0)
    co_return fail(Errc::kConfig, "ssh cannot use it: " + first_line(end->errors),
                   "have it written anew: passport ssh-config");
  if (some != accesses.end() &&
      end->output.find("\nuser " + some->user + "\n") == std::string::npos &&
      !end->output.starts_with("user " + some->user + "\n"))
    co_return fail(Errc::kConfig,
                   fmt::format("it has another user for {} than {}", host, some->user),
                   "have it written anew: passport ssh-config");
  co_return ok("");
}

Finding judge_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return fail(Errc::kUnavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(Errc::kConfig, "others may change " + path,
                fmt::format("chmod 600 '{}'", path));
  if ((status.st_mode & (S_IRGRP | S_IROTH)) != 0)
    return warn("others may read " + path, fmt::format("chmod 600 '{}'", path));
  return ok(path);
}

net::Task<void> check_instance(std::string instance, Finding& into) {
  const std::vector<std::string> words{net::find_program(kTool), "--i", instance};
  auto running = run_program(words, net::deadline_in(kInstanceTime));
  const auto end = co_await std::move(running);
  if (!end)
    into = fail(end.error());
  else
    into = judge_words(end->errors, end->status, kTool, instance);
  into.what = "instance " + instance;
}

std::vector<net::Job> make_jobs(const std::vector<std::string>& instances, Findings& into) {
  std::vector<net::Job> jobs;
  for (std::size_t i = 0; i < instances.size(); ++i)
    jobs.push_back([&into, i, id = instances[i]] { return check_instance(id, into[i]); });
  return jobs;
}

}  // namespace

net::Task<Findings> check_agent(Exam& exam, net::Deadline deadline) {
  const std::vector<std::string> words{net::find_program("passport-agent"), "list", "--json"};
  auto running = run_program(words, deadline);
  const auto end = co_await std::move(running);
  if (!end) co_return Findings{fail(end.error())};
  if (end->status == EX_UNAVAILABLE) co_return Findings{judge_absence(exam)};
  if (end->status != 0)
    co_return Findings{judge_words(end->errors, end->status, "passport-agent", "")};
  exam.held = end->output;
  const auto answer = parse_json_object(end->output, "passport-agent's answer");
  if (!answer) co_return Findings{fail(answer.error())};
  co_return judge_held(*answer, exam.accesses.value_or(std::vector<api::Access>()), now());
}

net::Task<Findings> check_ssh_config(Exam& exam, net::Deadline deadline) {
  const auto folder = api::find_agent_directory();
  if (!folder) co_return Findings{fail(folder.error())};
  const auto path = *folder + "/ssh_config";
  if (::access(path.c_str(), F_OK) != 0) {
    const bool needed = !exam.accesses || count_accesses(exam) > 0;
    co_return Findings{needed
                           ? warn("none is written yet", "have it written: passport ssh-config")
                           : ok("none is written yet, and none is needed")};
  }
  const auto file = judge_file(path);
  if (file.outcome != Outcome::kOk || !exam.accesses) co_return Findings{file};
  auto asking = ask_ssh(exam, path, deadline);
  const auto parsed = co_await std::move(asking);
  if (parsed.outcome != Outcome::kOk) co_return Findings{parsed};
  const auto text = aws::load_file(path, kMaxConfig);
  if (!text) co_return Findings{fail(text.error())};
  auto finding = judge_hosts(*text, *exam.accesses);
  finding.detail = path + ": " + finding.detail;
  co_return Findings{std::move(finding)};
}

net::Task<Findings> check_instances(Exam& exam, net::Deadline /*deadline*/) {
  auto instances = exam.wish.instances;
  if (exam.wish.all)
    for (const auto& access : exam.accesses.value_or(std::vector<api::Access>()))
      for (const auto& host : access.hosts) instances.push_back(host.id);
  std::set<std::string> seen;
  std::erase_if(instances, [&](const std::string& id) { return !seen.insert(id).second; });
  Findings findings(instances.size());
  if (instances.empty()) co_return findings;
  // The first makes keys and files for all, where they are missing.
  auto first = check_instance(instances.front(), findings.front());
  co_await std::move(first);
  auto jobs = make_jobs(instances, findings);
  jobs.erase(jobs.begin());
  auto others = net::run_together(std::move(jobs), kAtOnce);
  co_await std::move(others);
  co_return findings;
}

}  // namespace passport::client
