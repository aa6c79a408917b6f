// The doctor's checks of this machine: files, folders, programs.
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/version.h"
#include "client/exam.h"
#include "client/judge.h"
#include "client/program.h"
#include "net/command.h"

namespace passport::client {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr const char* kLogIn = "log in: passport auth login";

/// Where the settings come from: "FILE, FILE, VARIABLE".
std::string sources_of(const aws::Environment& environment) {
  std::string out;
  const auto add = [&](const std::string& name) { out += (out.empty() ? "" : ", ") + name; };
  for (const auto& path : api::settings_files(environment))
    if (::access(path.c_str(), R_OK) == 0) add(path);
  for (const auto& name : api::setting_names())
    if (!aws::find_variable(environment, name.variable).empty()) add(name.variable);
  return out;
}

Findings unreadable_files(const aws::Environment& environment) {
  Findings out;
  for (const auto& path : api::settings_files(environment))
    if (::access(path.c_str(), F_OK) == 0 && ::access(path.c_str(), R_OK) != 0)
      out.push_back(warn(path + " is there and cannot be read"));
  return out;
}

/// A problem with a folder that is to be this user's alone; ok(): none.
Finding judge_folder(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return fail(Errc::kConfig, fmt::format("{}: {}", path, std::strerror(errno)),
                fmt::format("log in anew, or make it: mkdir -m 700 '{}'", path));
  if (!S_ISDIR(status.st_mode)) return fail(Errc::kConfig, path + ": it is no folder");
  if (status.st_uid != ::geteuid())
    return fail(Errc::kDenied, path + " belongs to another user",
                "set XDG_RUNTIME_DIR to a folder of your own");
  if ((status.st_mode & kOthers) != 0)
    return fail(Errc::kDenied, "other users may enter " + path,
                fmt::format("chmod 700 '{}'", path));
  return ok(path);
}

bool is_on_path(const aws::Environment& environment, const std::string& name) {
  auto path = aws::find_variable(environment, "PATH");
  while (!path.empty()) {
    const auto folder = path.substr(0, path.find(':'));
    path.erase(0, folder.size() + 1);
    if (::access((folder + "/" + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

net::Task<Findings> check_configuration(Exam& exam, net::Deadline /*deadline*/) {
  auto findings = unreadable_files(exam.environment);
  auto settings = api::load_service_settings(exam.environment);
  if (!settings) {
    findings.push_back(fail(settings.error()));
    co_return findings;
  }
  exam.settings = std::move(*settings);
  auto endpoint = api::find_endpoint(exam.settings.service);
  if (!endpoint) {
    findings.push_back(
        fail(endpoint.error(), "set \"service = https://...\" in passport.conf"));
    co_return findings;
  }
  exam.endpoint = std::move(*endpoint);
  if (!wire::is_loopback(exam.endpoint.host))
    exam.names.emplace_back("host", exam.endpoint.host);
  // Proxies and trust of calls to AWS; the region is one for settings that want any.
  const auto region = exam.settings.region.empty() ? "us-east-1" : exam.settings.region;
  auto aws = aws::load_settings(exam.environment, {"", region, ""});
  if (!aws) {
    findings.push_back(fail(aws.error()));
    co_return findings;
  }
  const auto tls = net::TlsContext::client(exam.settings.service.ca_file);
  if (!tls) {
    findings.push_back(
        fail(tls.error(), "`ca` in passport.conf, or PASSPORT_CA, names the file"));
    co_return findings;
  }
  exam.outbound.emplace(*tls, aws->proxies);
  exam.aws = std::move(*aws);
  findings.push_back(
      ok(fmt::format("{} (from {})", exam.endpoint.url(), sources_of(exam.environment))));
  co_return findings;
}

net::Task<Findings> check_runtime_folder(Exam& exam, net::Deadline /*deadline*/) {
  const auto path = aws::find_variable(exam.environment, "XDG_RUNTIME_DIR");
  if (!path.starts_with('/'))
    co_return Findings{
        warn("XDG_RUNTIME_DIR is not set: the agent is in ~/.local/state/passport",
             "log in by way of pam_systemd, or set it to a folder of mode 0700")};
  auto finding = judge_folder(path);
  const auto own = path + "/passport";
  if (finding.outcome == Outcome::kOk && ::access(own.c_str(), F_OK) == 0)
    finding = judge_folder(own);
  co_return Findings{std::move(finding)};
}

net::Task<Findings> check_token_file(Exam& exam, net::Deadline /*deadline*/) {
  const auto& path = exam.settings.service.token_file;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    co_return Findings{
        fail(Errc::kDenied, fmt::format("{}: {}", path, std::strerror(errno)), kLogIn)};
  const auto token = api::load_token(path);
  if (!token) co_return Findings{fail(token.error(), kLogIn)};
  exam.has_token = true;
  if (status.st_uid != ::geteuid())
    co_return Findings{fail(Errc::kConfig, path + " belongs to another user")};
  if ((status.st_mode & kOthers) != 0)
    co_return Findings{
        fail(Errc::kConfig,
             fmt::format("{} is of mode {:04o}: others may read the token", path,
                         static_cast<unsigned>(status.st_mode & ~static_cast<mode_t>(S_IFMT))),
             fmt::format("chmod 600 '{}', and log in again: passport auth login", path))};
  co_return Findings{ok(path)};
}

net::Task<Findings> check_ssh(Exam& exam, net::Deadline deadline) {
  const std::vector<std::string> words{"ssh", "-V"};
  auto running = run_program(words, deadline);
  const auto ran = co_await std::move(running);
  if (!ran)
    co_return Findings{fail(ran.error(),
                            "install OpenSSH's client, or set PATH so that it is "
                            "found")};
  const auto& said = ran->errors.empty() ? ran->output : ran->errors;
  exam.versions["ssh"] = first_line(said);
  co_return Findings{judge_ssh_version(said)};
}

net::Task<Findings> check_programs(Exam& exam, net::Deadline deadline) {
  std::vector<std::string> names{"passport-proxy"};
  if (!exam.wish.aws)
    names.insert(names.end(), {"passport-agent", "passport-request", "passport-ssh-config"});
  Findings findings;
  for (const auto& name : names) {
    const std::vector<std::string> words{net::find_program(name), "--version"};
    auto running = run_program(words, deadline);
    const auto ran = co_await std::move(running);
    if (!ran) {
      findings.push_back(fail(ran.error(),
                              "install all of passport together, or set PATH so "
                              "that it is found"));
      findings.back().what = name;
      continue;
    }
    const auto version = first_line(ran->output);
    exam.versions[name] = version;
    if (version == name + " " + kVersion) continue;
    findings.push_back(
        warn(fmt::format("\"{}\" is of another version than this, {}", version, kVersion),
             "install all of passport together"));
    findings.back().what = name;
  }
  if (findings.empty())
    findings.push_back(
        ok(fmt::format("{} of them, all of version {}", names.size(), kVersion)));
  co_return findings;
}

net::Task<Findings> check_optional_programs(Exam& exam, net::Deadline /*deadline*/) {
  std::string found;
  std::string missing;
  for (const std::string name : {"scp", "sftp", "rsync", "ansible"}) {
    auto& list = is_on_path(exam.environment, name) ? found : missing;
    list += (list.empty() ? "" : ", ") + name;
  }
  co_return Findings{ok((found.empty() ? "none" : found) +
                        (missing.empty() ? "" : "; not there: " + missing))};
}

}  // namespace passport::client
