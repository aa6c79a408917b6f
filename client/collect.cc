// What goes into a bundle, from where it is to how it is shown.
#include <algorithm>
#include <ctime>
#include <sstream>

#include <fmt/format.h>
#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "api/agent_place.h"
#include "aws/shared_files.h"
#include "base/json_text.h"
#include "base/version.h"
#include "client/bundle.h"
#include "client/pseudonyms.h"
#include "client/redact.h"
#include "client/scrub.h"

extern char** environ;  // POSIX declares it nowhere

namespace passport::client {
namespace {

constexpr std::size_t kMaxFile = 4 << 20;   ///< bytes that are read
constexpr std::size_t kMaxEntry = 1 << 20;  ///< bytes that are shown

std::vector<std::string> all_variables() {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
  return out;
}

std::string now_text() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char out[32];
  return {out, std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string about(bool anonymous) {
  return fmt::format(
      "Made by passport-diagnostics {} on {}.\n"
      "Values that are not known to be harmless, and what looks like a secret, are {}.\n{}",
      kVersion, now_text(), kRedacted,
      anonymous ? "Names of people and machines are replaced by others.\n" : "");
}

/// The lines of os-release that name the system.
std::string system_name() {
  std::string out;
  const auto text = aws::load_file("/etc/os-release", 64 << 10);
  for (std::string_view rest = text ? *text : std::string_view(); !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    for (const std::string_view key : {"PRETTY_NAME=", "ID=", "VERSION_ID="})
      if (line.starts_with(key)) out.append(line).append("\n");
  }
  return out;
}

std::string versions(const Exam& exam) {
  auto out = fmt::format("passport-diagnostics {}\n", kVersion);
  for (const auto& [name, version] : exam.versions) out += version + "\n";
  utsname system{};
  if (::uname(&system) == 0)
    out += fmt::format("{} {} {}\n", system.sysname, system.release, system.machine);
  return out + system_name();
}

std::string doctor_text(const Findings& findings) {
  std::string out;
  for (const auto& finding : findings) out += render_finding(finding, false);
  return out;
}

std::string json_text(const json::value& value, Names names) {
  return render_json(redact_json(value, names)) + "\n";
}

/// A program's answer, which should be JSON.
std::string answer_text(const std::string& answer, Names names) {
  const auto parsed = parse_json_object(answer, "answer");
  return parsed ? json_text(*parsed, names) : std::string(kRedacted) + "\n";
}

json::array to_array(const std::vector<json::object>& objects) {
  return json::array(objects.begin(), objects.end());
}

std::vector<std::string_view> setting_keys() {
  std::vector<std::string_view> out;
  for (const auto& name : api::setting_names()) out.push_back(name.key);
  return out;
}

/// Entries without their last redaction.
class Collection {
 public:
  explicit Collection(std::vector<Secret> known) : known_(std::move(known)) {}

  void add(std::string name, std::string content) {
    if (!content.empty()) entries_.push_back({std::move(name), std::move(content)});
  }
  /// What `redact` leaves of a file, which may be missing.
  template <class Redact>
  void add_file(std::string name, const std::string& path, Redact redact) {
    const auto text = aws::load_file(path, kMaxFile);
    // First as a whole: a private key's lines alone look harmless.
    if (text) add(std::move(name), redact(scrub(*text, known_)));
  }

  Result<std::vector<ArchiveEntry>> finish(Pseudonyms* names) {
    for (auto& entry : entries_) {
      entry.content = scrub(entry.content, known_);
      if (names != nullptr) entry.content = names->apply(entry.content);
      // Last: nobody knows a secret or a name by a part of it.
      if (entry.content.size() > kMaxEntry)
        entry.content = scrub(cut_text(entry.content, kMaxEntry), known_);
      if (const auto kind = find_secret(entry.content, known_); !kind.empty())
        return Error{Errc::kInternal,
                     fmt::format("{} still looks as if it held {}: nothing is written",
                                 entry.name, kind),
                     "send the output of `passport-diagnostics doctor` instead"};
    }
    return std::move(entries_);
  }

 private:
  std::vector<Secret> known_;
  std::vector<ArchiveEntry> entries_;
};

std::vector<Secret> known_secrets(const Exam& exam) {
  auto out = secrets_of(all_variables());
  // Whether or not a check has looked at it.
  const auto settings = api::load_settings(exam.environment);
  const auto path = settings ? settings->service.token_file
                             : aws::find_variable(exam.environment, "PASSPORT_TOKEN_FILE");
  if (path.empty()) return out;
  if (auto token = api::load_token(path)) out.push_back(std::move(*token));
  return out;
}

std::string host_name() {
  std::string out(256, '\0');
  if (::gethostname(out.data(), out.size() - 1) != 0) return {};
  out.resize(out.find('\0'));
  return out;
}

/// This machine's and its user's, and those of NO_PROXY.
void add_own_names(Pseudonyms& names, const aws::Environment& environment) {
  for (const char* variable : {"USER", "LOGNAME"})
    names.add("user", aws::find_variable(environment, variable));
  if (const auto* user = ::getpwuid(::geteuid()); user != nullptr)
    names.add("user", user->pw_name);
  const auto own = host_name();
  names.add("host", own);
  names.add("host", own.substr(0, own.find('.')));
  auto list = aws::find_variable(environment, "NO_PROXY", "no_proxy");
  std::replace(list.begin(), list.end(), ',', ' ');
  std::istringstream hosts(list);
  for (std::string host; hosts >> host;) {
    host.erase(0, host.find_first_not_of("*."));
    if (!wire::is_loopback(host)) names.add("host", host);
  }
}

void add_host(Pseudonyms& names, const std::string& host) {
  if (!wire::is_loopback(host)) names.add("host", host);
}

/// Those that somebody has configured, whether or not a check came as far.
void add_configured_hosts(Pseudonyms& names, const Exam& exam) {
  for (const auto& host : hosts_of_environment(all_variables())) add_host(names, host);
  for (const auto& path : api::settings_files(exam.environment))
    if (const auto text = aws::load_file(path, kMaxFile))
      for (const auto& host : hosts_of_config(*text)) add_host(names, host);
  if (!exam.aws) return;
  for (const auto* service : {"ssm", "ssmmessages", "sts"})
    if (const auto host = exam.aws->endpoint(service).host; !is_public_endpoint(host))
      add_host(names, host);
}

void add_names(Pseudonyms& names, const Exam& exam) {
  add_own_names(names, exam.environment);
  add_configured_hosts(names, exam);
  for (const auto& [kind, name] : exam.names)
    if (!wire::is_loopback(name)) names.add(kind, name);
  for (const auto& request : exam.requests.value_or(std::vector<json::object>()))
    names.add("person", find_string(request, "owner"));
}

void add_configuration(Collection& into, const Exam& exam) {
  const auto keys = setting_keys();
  const auto redact = [&keys](std::string_view text) { return redact_config(text, keys); };
  const auto files = api::settings_files(exam.environment);
  const char* const names[] = {"passport.conf", "own-passport.conf"};
  for (std::size_t i = 0; i < files.size(); ++i) into.add_file(names[i], files[i], redact);
  into.add("environment.txt", redact_environment(all_variables()));
}

}  // namespace

Result<std::vector<ArchiveEntry>> collect_entries(const Exam& exam, const Findings& findings,
                                                  bool anonymous) {
  const auto names = anonymous ? Names::kHidden : Names::kShown;
  Collection out(known_secrets(exam));
  out.add("about.txt", about(anonymous));
  out.add("doctor.txt", doctor_text(findings));
  out.add("doctor.json", json_text(describe_findings(findings), names));
  out.add("versions.txt", versions(exam));
  add_configuration(out, exam);
  const auto redact = [names](std::string_view text) { return redact_ssh_config(text, names); };
  if (const auto folder = api::find_agent_directory()) {
    out.add_file("ssh_config", *folder + "/ssh_config", redact);
    out.add_file("known_hosts", *folder + "/known_hosts", redact_known_hosts);
  }
  if (!exam.held.empty()) out.add("agent-list.json", answer_text(exam.held, names));
  if (!exam.status.empty()) out.add("agent-status.json", answer_text(exam.status, names));
  if (exam.requests) out.add("requests.json", json_text(to_array(*exam.requests), names));
  out.add("systemd.txt", exam.units);
  Pseudonyms pseudonyms;
  if (anonymous) add_names(pseudonyms, exam);
  return out.finish(anonymous ? &pseudonyms : nullptr);
}

}  // namespace passport::client
