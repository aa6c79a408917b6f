#include "client/judge.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/duration.h"
#include "client/progress.h"
#include "client/request_text.h"
#include "wire/aws/identifiers.h"

namespace passport::client {
namespace {

using std::chrono::seconds;

constexpr seconds kClockWarning{5};
constexpr seconds kClockFailure{
    60};  // SigV4 allows 5 minutes, certificates are backdated by one
constexpr std::int64_t kSoon = 600;    ///< seconds to an end that is worth a warning
constexpr std::size_t kMaxListed = 3;  ///< instances that one line names
constexpr const char* kWriteConfig = "have it done: passport ssh-config";

std::int64_t number_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

/// `object` may be null. Valid as long as it.
const json::array& array_of(const json::object* object, std::string_view key) {
  static const json::array none;
  const auto* found = object != nullptr ? find_array(*object, key) : nullptr;
  return found != nullptr ? *found : none;
}

/// "a, b and 3 more".
std::string list_some(const std::vector<std::string>& all) {
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kMaxListed); ++i)
    out += (i == 0 ? "" : ", ") + all[i];
  return all.size() > kMaxListed ? fmt::format("{} and {} more", out, all.size() - kMaxListed)
                                 : out;
}

/// The number that a text begins with, which is taken from it.
std::optional<int> take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

Finding judge_request(const json::object& request, std::int64_t now) {
  const auto state = find_string(request, "state");
  if (state == "pending")
    return warn("it waits for approval", "ask somebody who may approve it");
  const auto left = number_of(request, "ends_at") - now;
  std::vector<std::string> faults;
  for (const auto& item : array_of(&request, "instances")) {
    const auto* instance = item.if_object();
    const auto error = instance != nullptr ? find_string(*instance, "error") : "";
    if (!error.empty()) faults.push_back(find_string(*instance, "id") + ": " + error);
  }
  auto detail = state + ", " + describe_progress(request);
  if (state == "active" && left > 0) detail += ", for " + render_time_left(left);
  if (!faults.empty()) return warn(detail + ": " + list_some(faults));
  if (state == "active" && left < kSoon)
    return warn(detail, "more time: passport request extend " + find_string(request, "id"));
  return ok(detail);
}

/// nullptr: none of that id.
const json::object* find_request(const json::object& answer, const std::string& id) {
  for (const auto& item : array_of(&answer, "requests"))
    if (const auto* request = item.if_object();
        request != nullptr && find_string(*request, "id") == id)
      return request;
  return nullptr;
}

Finding judge_keys(const json::object* held, const std::string& id, std::int64_t now) {
  const auto& identities = array_of(held, "identities");
  if (identities.empty())
    return fail(Errc::kUnavailable, "it holds no keys of " + id, kWriteConfig);
  std::int64_t until = 0;
  for (const auto& item : identities) {
    const auto* identity = item.if_object();
    if (identity == nullptr || number_of(*identity, "valid_after") > now) continue;
    until = std::max(until, number_of(*identity, "valid_before"));
  }
  if (until <= now)
    return fail(Errc::kExpired, fmt::format("no certificate of {} is valid now", id),
                kWriteConfig);
  auto detail = fmt::format("{}: {} certificate{}, for {}", id, identities.size(),
                            identities.size() == 1 ? "" : "s", render_time_left(until - now));
  const auto error = find_string(*held, "error");
  return error.empty() ? ok(std::move(detail)) : warn(detail + "; not renewed: " + error);
}

/// The ids of instances in the Host lines.
std::set<std::string, std::less<>> hosts_of(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  std::set<std::string, std::less<>> out;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    bool first = true;
    while (!line.empty()) {
      line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
      const auto word = line.substr(0, line.find_first_of(kBlanks));
      line.remove_prefix(word.size());
      if (first && word != "Host") break;
      first = false;
      if (wire::aws::is_instance_id(word)) out.emplace(word);
    }
  }
  return out;
}

}  // namespace

Finding judge_clock(std::chrono::sys_seconds theirs, std::chrono::sys_seconds ours,
                    std::string_view whose) {
  const auto skew = ours - theirs;
  const auto size = std::chrono::abs(skew);
  if (size <= kClockWarning)
    return ok(fmt::format("as {}, within {} s", whose, size.count() + 1));
  auto detail = fmt::format("this machine's is {} {} {}", describe_duration(size),
                            skew > seconds(0) ? "ahead of" : "behind", whose);
  const char* remedy = "set it: timedatectl set-ntp true";
  return size <= kClockFailure ? warn(std::move(detail), remedy)
                               : fail(Errc::kConfig, std::move(detail), remedy);
}

Finding judge_login(const json::object& who, std::int64_t now) {
  const auto left = number_of(who, "expires_at") - now;
  std::vector<std::string> groups;
  for (const auto& group : array_of(&who, "groups"))
    if (const auto* name = group.if_string()) groups.emplace_back(name->data(), name->size());
  auto detail = fmt::format("{} ({}), for {}", find_string(who, "user"),
                            groups.empty() ? "no groups" : list_some(groups),
                            render_time_left(std::max<std::int64_t>(left, 0)));
  return left < kSoon ? warn(std::move(detail), "log in again: passport auth login")
                      : ok(std::move(detail));
}

Findings judge_requests(const std::vector<json::object>& requests, std::int64_t now) {
  Findings out;
  for (const auto& request : requests) {
    out.push_back(judge_request(request, now));
    out.back().what = "request " + find_string(request, "id");
  }
  if (out.empty()) out.push_back(ok("none is active"));
  return out;
}

Finding judge_ssh_version(std::string_view said) {
  // "OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.14 4 Jun 2024"
  constexpr std::string_view kName = "OpenSSH_";
  constexpr int kOldest = 708;  // the first with rsa-sha2-512-cert-v01@openssh.com
  const auto line = std::string(first_line(said));
  const auto at = line.find(kName);
  auto rest = std::string_view(line).substr(std::min(at, line.size()));
  rest.remove_prefix(std::min(kName.size(), rest.size()));
  // "for_Windows_9.5p1"
  rest.remove_prefix(std::min(rest.find_first_of("0123456789"), rest.size()));
  const auto major = take_number(rest);
  rest.remove_prefix(rest.starts_with('.') ? 1 : 0);
  const auto minor = take_number(rest);
  if (at == std::string::npos || !major || !minor)
    return warn("not OpenSSH: " + line, "the files that are written are for OpenSSH");
  if (*major * 100 + *minor < kOldest)
    return fail(Errc::kConfig, line + " is older than 7.8", "update OpenSSH");
  return ok(line);
}

Findings judge_held(const json::object& answer, const std::vector<api::Access>& accesses,
                    std::int64_t now) {
  const auto* locked = answer.if_contains("locked");
  if (locked != nullptr && *locked == true)
    return {fail(Errc::kDenied, "it is locked", "unlock it: SSH_AUTH_SOCK=... ssh-add -X")};
  Findings out;
  for (const auto& access : accesses)
    out.push_back(judge_keys(find_request(answer, access.request), access.request, now));
  if (out.empty()) out.push_back(ok("it runs"));
  return out;
}

Finding judge_hosts(std::string_view ssh_config, const std::vector<api::Access>& accesses) {
  auto written = hosts_of(ssh_config);
  std::vector<std::string> missing;
  std::size_t count = 0;
  for (const auto& access : accesses) {
    for (const auto& host : access.hosts) {
      ++count;
      if (!written.contains(host.id)) missing.push_back(host.id);
    }
  }
  for (const auto& access : accesses)
    for (const auto& host : access.hosts) written.erase(host.id);
  if (!missing.empty())
    return fail(Errc::kConfig, "it has no " + list_some(missing), kWriteConfig);
  if (!written.empty())
    return warn("it still has " + list_some({written.begin(), written.end()}), kWriteConfig);
  return ok(fmt::format("{} instance{}", count, count == 1 ? "" : "s"));
}

Finding judge_words(std::string_view errors, int status, const std::string& tool,
                    const std::string& subject) {
  Finding out = status == 0 ? ok("can be used") : fail(Errc::kInternal, "");
  out.status = status;
  std::string said;
  while (!errors.empty()) {
    auto line = first_line(errors);
    errors.remove_prefix(std::min(line.size() + 1, errors.size()));
    if (line.starts_with(tool + ": ")) line.remove_prefix(tool.size() + 2);
    if (line.starts_with("hint: ")) {
      if (out.remedy.empty()) out.remedy = line.substr(6);
      continue;
    }
    if (line.starts_with(subject + ": ")) line.remove_prefix(subject.size() + 2);
    if (!line.empty()) said += (said.empty() ? "" : "; ") + std::string(line);
  }
  if (!said.empty()) {
    out.detail = said;
    if (status == 0) out.outcome = Outcome::kWarn;
  }
  if (out.detail.empty()) out.detail = fmt::format("{} ended with status {}", tool, status);
  return out;
}

}  // namespace passport::client
