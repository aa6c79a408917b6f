#include "config-gen/ssh_config.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <sysexits.h>

#include "api/agent_place.h"
#include "api/own_requests.h"
#include "api/run.h"
#include "aws/own_directory.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"
#include "config-gen/check.h"
#include "config-gen/held_keys.h"
#include "config-gen/include.h"
#include "config-gen/turn.h"
#include "config-gen/watch.h"

namespace passport::config_gen {
namespace {

using api::ServiceClient;

/// For the service, when there is something else to go by.
constexpr std::chrono::seconds kPatience{5};
/// For it to say again what it has just said.
constexpr std::chrono::seconds kReloadPatience{30};

std::int64_t now() {
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
}

Result<std::vector<CertifiedAccess>> parse_active(const std::vector<json::object>& requests) {
  std::vector<CertifiedAccess> out;
  for (const auto& request : requests) {
    if (find_string(request, "state") != "active") continue;
    auto access = api::parse_access(request);
    if (!access) return access.error();
    out.push_back({std::move(*access)});
  }
  settle_hosts(out);
  return out;
}

bool has_user(const std::string& instance, const std::vector<CertifiedAccess>& accesses) {
  return std::any_of(accesses.begin(), accesses.end(), [&](const CertifiedAccess& access) {
    return std::any_of(access.hosts.begin(), access.hosts.end(),
                       [&](const api::Host& host) { return host.id == instance; });
  });
}

/// 77 or 69, whatever it is, but for the command line.
int tell(const Error& error) {
  const int status = report(error);
  return status == EX_NOPERM || status == EX_USAGE ? status : EX_UNAVAILABLE;
}

/// Whether each instance can be used; what is in the way has been said.
int check(const std::vector<std::string>& names, const std::vector<json::object>& requests,
          const Files& files, const Places& places, const api::Service& service) {
  int status = EX_OK;
  std::vector<std::string> ready;
  for (const auto& name : names) {
    const auto id = find_instance(name, requests, files.accesses);
    if (!id)
      status = std::max(status, tell(id.error()));
    else if (!has_user(*id, files.accesses))
      status = std::max(status, tell(explain_missing(*id, requests)));
    else
      ready.push_back(*id);
  }
  for (const auto& result : check_logins(ready, files.accesses, places, service))
    if (!result) status = std::max(status, tell(result.error()));
  return status;
}

/// The text of what was written earlier, where keys that go with it are still held.
std::optional<std::string> find_earlier(const Places& places) {
  const auto held = list_held(places.folder);
  const auto is_good = [](const auto& entry) {
    return entry.first.starts_with("ar-") && entry.second.ends_at > now() &&
           entry.second.certified_until > now();
  };
  if (!held || std::none_of(held->begin(), held->end(), is_good)) return std::nullopt;
  std::ifstream file(places.config, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool is_unreachable(const Error& error) {
  return error.code == Errc::kUnavailable || error.code == Errc::kTimeout;
}

/// For programs that want to know what there is as well: one call of the service does for both.
std::string describe(const std::string& path, const std::vector<json::object>& requests) {
  json::array list(requests.begin(), requests.end());
  return render_json(json::object{{"path", path}, {"requests", std::move(list)}});
}

int print(std::string_view text, bool with_newline = true) {
  std::cout << text << (with_newline ? "\n" : "") << std::flush;
  return std::cout ? EX_OK : EX_IOERR;
}

/// ~/.ssh/config includes what was written, or no longer.
Result<void> include(const Places& places, bool wanted) {
  const auto changed = include_file(places.included, wanted);
  if (!changed) return changed.error();
  if (*changed)
    log_line(fmt::format("~/.ssh/config {} {}", wanted ? "includes" : "no longer includes",
                         escape_for_terminal(places.included)));
  return {};
}

net::Task<Result<int>> write_and_print(ServiceClient& service, const api::Settings& settings,
                                       const SshConfigWish& wish, const Places& places) {
  const auto earlier = find_earlier(places);
  const bool may_do = earlier && wish.instances.empty() && !wish.json;
  if (may_do) service.end_calls_at(net::deadline_in(kPatience));
  auto loading = load_requests(service);
  auto own = co_await std::move(loading);
  if (!own && may_do && is_unreachable(own.error())) {
    log_line("what was written earlier is used: " + own.error().detail);
    if (wish.include)
      if (const auto done = include(places, true); !done) co_return done.error();
    co_return wish.print ? print(*earlier, false) : print(places.config);
  }
  if (!own) co_return own.error();
  auto writing = write_ssh_config(service, *own, settings, wish, places);
  const auto files = co_await std::move(writing);
  if (!files) co_return files.error();
  if (files->failed) report(*files->failed);
  const int status = check(wish.instances, own->list, *files, places, settings.service);
  if (status != EX_OK) co_return status;
  if (wish.include)
    if (const auto done = include(places, true); !done) co_return done.error();
  if (wish.print) co_return print(files->ssh_config, false);
  co_return print(wish.json ? describe(places.config, own->list) : places.config);
}

}  // namespace

net::Task<Result<OwnRequests>> load_requests(ServiceClient& service) {
  const auto asked_at = std::chrono::steady_clock::now();
  auto loading = api::load_own_requests(service);
  auto list = co_await std::move(loading);
  if (!list) co_return list.error();
  co_return OwnRequests{std::move(*list), asked_at};
}

net::Task<Result<Files>> write_ssh_config(ServiceClient& service, OwnRequests& own,
                                          const api::Settings& settings,
                                          const SshConfigWish& wish, const Places& places) {
  auto taking = take_turn(places.folder, own.asked_at);
  auto turn = co_await std::move(taking);
  if (!turn) co_return turn.error();
  if (turn->outdated) {
    service.end_calls_at(net::deadline_in(kReloadPatience));
    auto loading = load_requests(service);
    auto fresh = co_await std::move(loading);
    if (!fresh) co_return fresh.error();
    own = std::move(*fresh);
  }
  if (const auto noted = turn->note_time(); !noted) co_return noted.error();
  auto accesses = parse_active(own.list);
  if (!accesses) co_return accesses.error();
  auto holding = hold_all(places.folder, *accesses, wish.key_type, settings.service);
  auto held = co_await std::move(holding);
  if (!held) co_return held.error();
  auto files =
      write_files(places, settings.service,
                  {std::move(*accesses), wish.key_type, wish.share_connections}, held->held);
  if (files) files->failed = std::move(held->failed);
  co_return files;
}

int run_ssh_config(const api::Settings& settings, const SshConfigWish& wish) {
  const auto folder = api::find_agent_directory();
  if (!folder) return report(folder.error());
  if (auto made = aws::make_own_directory(*folder); !made) return report(made.error());
  const auto places = find_places(*folder, wish.output);
  if (!places) return report(places.error());
  if (wish.exclude) {
    const auto done = include(*places, false);
    return done ? EX_OK : report(done.error());
  }
  if (wish.watch)
    if (const auto free = find_other_watch(*places); !free) return report(free.error());
  if (wish.foreground) return run_watch(settings, wish, *places);
  const int status = api::run(settings, [&](ServiceClient& service) {
    return write_and_print(service, settings, wish, *places);
  });
  return status == EX_OK && wish.watch ? run_watch(settings, wish, *places) : status;
}

}  // namespace passport::config_gen
