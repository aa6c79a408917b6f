#include "config-gen/ssh_config.h"

#include <filesystem>
#include <iostream>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "api/own_requests.h"
#include "api/run.h"
#include "aws/private_file.h"
#include "base/log.h"
#include "base/text.h"
#include "config-gen/agent.h"
#include "config-gen/render.h"
#include "net/command.h"

namespace passport::config_gen {
namespace {

using api::ServiceClient;

constexpr std::int64_t kSameEnd = 5;  ///< seconds: the agent is told how long, not until when

std::int64_t now() {
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
}

/// Requests of this user's, as the service shows them.
using Shown = std::vector<json::object>;

/// The agent holds the keys of these requests, and no others of passportd's.
net::Task<Result<HeldByRequest>> hold_all(const std::vector<CertifiedAccess>& accesses,
                                          std::string key_type) {
  auto listing = list_held();
  auto held = co_await std::move(listing);
  if (!held) co_return held;
  bool changed = false;
  for (const auto& access : accesses) {
    const auto at = held->find(access.request);
    if (at != held->end() && at->second.keys == key_type &&
        std::abs(at->second.ends_at - access.ends_at) <= kSameEnd)
      continue;
    const std::chrono::seconds left(access.ends_at - now());
    auto holding = hold(access.request, std::max(left, std::chrono::seconds(1)), key_type);
    const auto done = co_await std::move(holding);
    if (!done) co_return Error{done.error().code, access.request + ": " + done.error().detail};
    changed = true;
  }
  for (const auto& entry : *held) {
    const auto& request = entry.first;
    const bool wanted =
        std::any_of(accesses.begin(), accesses.end(),
                    [&](const CertifiedAccess& a) { return a.request == request; });
    if (wanted || !request.starts_with("ar-")) continue;
    auto dropping = drop(request);
    (void)co_await std::move(dropping);  // its end has come, or soon will
  }
  if (!changed) co_return held;
  auto again = list_held();
  co_return co_await std::move(again);
}

/// Certificates of requests that are over.
void remove_old(const std::vector<CertifiedAccess>& accesses, const std::string& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const auto name = at->path().filename().string();
    const bool ours = name.starts_with("ar-") && name.ends_with(".pub");
    const bool used =
        std::any_of(accesses.begin(), accesses.end(), [&](const CertifiedAccess& a) {
          const auto& files = a.certificate_files;
          return std::find(files.begin(), files.end(), at->path().string()) != files.end();
        });
    std::error_code ignored;
    if (ours && !used) std::filesystem::remove(at->path(), ignored);
  }
}

/// The files of certificates, of each access those that ssh is to offer.
Result<void> write_certificates(std::vector<CertifiedAccess>& accesses,
                                const HeldByRequest& held, const std::string& folder) {
  for (auto& access : accesses) {
    const auto at = held.find(access.request);
    if (at == held.end()) continue;
    int number = 0;
    for (const auto& line : at->second.certificates) {
      const auto path = fmt::format("{}/{}-{}.pub", folder, access.request, ++number);
      if (auto saved = aws::save_private_file(path, line + "\n"); !saved) return saved;
      access.certificate_files.push_back(path);
    }
  }
  return {};
}

Result<std::string> write_files(const api::Settings& settings, const SshConfigWish& wish,
                                std::vector<CertifiedAccess> accesses,
                                const HeldByRequest& held, const std::string& socket) {
  const auto folder = std::filesystem::path(socket).parent_path().string();
  if (auto written = write_certificates(accesses, held, folder); !written)
    return written.error();
  ConfigPlan plan;
  plan.agent_socket = socket;
  plan.known_hosts = folder + "/known_hosts";
  if (wish.share_connections) plan.control_path = folder + "/m-%C";
  plan.proxy_command = {net::find_program("passport-proxy"),
                        "--parent-stderr",
                        "--service",
                        settings.service.url,
                        "--token-file",
                        settings.service.token_file};
  if (!settings.service.ca_file.empty()) {
    plan.proxy_command.emplace_back("--service-ca");
    plan.proxy_command.push_back(settings.service.ca_file);
  }
  auto saved = aws::save_private_file(plan.known_hosts, render_known_hosts(accesses));
  if (!saved) return saved.error();
  plan.accesses = std::move(accesses);
  const auto text = render_ssh_config(plan);
  if (!text) return text.error();
  auto path = folder + "/ssh_config";
  remove_old(plan.accesses, folder);
  if (saved = aws::save_private_file(path, *text); !saved) return saved.error();
  return path;
}

/// Why the instance cannot be used now; EX_OK: it can.
int check(const std::string& instance, const Shown& requests) {
  std::string state;
  std::string why;
  for (const auto& request : requests) {
    const auto* instances = find_array(request, "instances");
    for (const auto& item : instances != nullptr ? *instances : json::array()) {
      const auto* object = item.if_object();
      if (object == nullptr || find_string(*object, "id") != instance) continue;
      if (find_string(*object, "state") == "active") return EX_OK;
      state = find_string(request, "state") == "pending" ? "pending"
                                                         : find_string(*object, "state");
      why = find_string(*object, "error");
    }
  }
  if (state.empty())
    return report({Errc::kDenied, instance + ": no request of yours is active for it",
                   "ask for access: passport request create --reason ... " + instance});
  if (state == "pending")
    return report({Errc::kDenied, instance + ": your request waits for approval"});
  return report(
      {Errc::kUnavailable, instance + ": its user is not ready: " + escape_for_terminal(state) +
                               (why.empty() ? "" : ": " + escape_for_terminal(why))});
}

/// For programs that want to know what there is as well: one call of the service does for both.
std::string describe(const std::string& path, const Shown& requests) {
  json::array list(requests.begin(), requests.end());
  return json::serialize(json::object{{"path", path}, {"requests", std::move(list)}});
}

net::Task<Result<int>> write_config(ServiceClient& service, const api::Settings& settings,
                                    const SshConfigWish& wish) {
  auto loading = api::load_own_requests(service);
  const auto own = co_await std::move(loading);
  if (!own) co_return own.error();
  std::vector<CertifiedAccess> accesses;
  for (const auto& request : *own) {
    if (find_string(request, "state") != "active") continue;
    auto access = api::parse_access(request);
    if (!access) co_return access.error();
    accesses.push_back({std::move(*access)});
  }
  auto starting = start_agent();
  const auto socket = co_await std::move(starting);
  if (!socket) co_return socket.error();
  auto holding = hold_all(accesses, wish.key_type);
  const auto held = co_await std::move(holding);
  if (!held) co_return held.error();
  const auto path = write_files(settings, wish, std::move(accesses), *held, *socket);
  if (!path) co_return path.error();
  int status = EX_OK;
  for (const auto& instance : wish.instances) status = std::max(status, check(instance, *own));
  if (status != EX_OK) co_return status;
  std::cout << (wish.json ? describe(*path, *own) : *path) << '\n' << std::flush;
  co_return EX_OK;
}

}  // namespace

int run_ssh_config(const api::Settings& settings, const SshConfigWish& wish) {
  return api::run(
      settings, [&](ServiceClient& service) { return write_config(service, settings, wish); });
}

}  // namespace passport::config_gen
