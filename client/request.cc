#include "client/request.h"

#include <iostream>

#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/run.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"
#include "client/ask.h"
#include "client/create.h"
#include "client/request_text.h"
#include "client/style.h"
#include "net/stdio.h"

namespace passport::client {
namespace {

using api::ServiceClient;

constexpr std::chrono::seconds kEndPatience{60};  ///< with the removal of users
constexpr std::size_t kMaxPublicKey = 4096;       ///< bytes

Result<void> print(const json::object& request, const RequestCommand& command) {
  if (command.json)
    std::cout << render_json(request) << '\n';
  else
    std::cout << render_request(request, style_for(STDOUT_FILENO, command.colour));
  return net::flush_output();
}

/// Of what was to become active.
int status_of(const json::object& request) {
  const auto state = find_string(request, "state");
  const auto progress = find_progress(request);
  if (state == "pending") return EX_TEMPFAIL;
  return state == "active" && progress.active == progress.all ? EX_OK : EX_UNAVAILABLE;
}

/// Waits if that is wanted, then prints the request.
net::Task<Result<int>> settle(ServiceClient& service, const RequestCommand& command,
                              json::object request, Watch& watch) {
  const bool ends = command.verb == "complete";
  if (command.wait) {
    WaitPlan plan;
    if (ends) plan.patience = kEndPatience;
    auto waiting = wait_until_settled(service, std::move(request), watch, plan);
    auto settled = co_await std::move(waiting);
    watch.clear();
    if (!settled) co_return settled.error();
    request = std::move(*settled);
  }
  if (const auto printed = print(request, command); !printed) co_return printed.error();
  co_return command.wait && !ends ? status_of(request) : EX_OK;
}

/// What ctrl-C says before there is an answer, and of a request that goes on.
Error not_known() {
  return {Errc::kUnavailable, "it is not known whether the request was made",
          "the same again, within 15 minutes, gets it if it was; see passport request list"};
}
Error goes_on(const RequestCommand& command) {
  return {Errc::kUnavailable, command.id + " goes on without this",
          "passport request show " + command.id + " says how it stands"};
}

net::Task<Result<int>> create(ServiceClient& service, const api::Settings& settings,
                              const RequestCommand& command) {
  auto completing = complete_wish(service, command);
  const auto wish = co_await std::move(completing);
  if (!wish) co_return wish.error();
  if (!*wish) {
    log_line("nothing was asked for");
    co_return kLeft;
  }
  const auto executor = co_await net::asio::this_coro::executor;
  Watch watch(executor, style_for(STDERR_FILENO, command.colour), not_known());
  auto making = make_request(service, settings.service.token_file, **wish, watch);
  auto made = co_await std::move(making);
  if (!made) co_return made.error();
  auto settled = settle(service, command, std::move(*made), watch);
  co_return co_await std::move(settled);
}

net::Task<Result<int>> extend(ServiceClient& service, const RequestCommand& command) {
  const auto path = "/v1/requests/" + command.id;
  auto asked = service.call_again("GET", path, {});
  const auto before = co_await std::move(asked);
  if (!before) co_return before.error();
  const auto* end = before->if_contains("ends_at");
  json::object body;
  if (end != nullptr && end->is_int64())
    body["ends_at"] = end->get_int64() + command.lasts.count();
  else
    body["duration_s"] = command.lasts.count();  // the service says why not
  auto extended = service.call_again("POST", path + "/extend", std::move(body));
  auto answer = co_await std::move(extended);
  if (!answer) co_return answer.error();
  const auto executor = co_await net::asio::this_coro::executor;
  Watch watch(executor, style_for(STDERR_FILENO, command.colour), goes_on(command));
  auto settled = settle(service, command, std::move(*answer), watch);
  co_return co_await std::move(settled);
}

net::Task<Result<int>> complete(ServiceClient& service, const RequestCommand& command) {
  auto asked = service.call_again("POST", "/v1/requests/" + command.id + "/complete", {});
  auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  const auto executor = co_await net::asio::this_coro::executor;
  Watch watch(executor, style_for(STDERR_FILENO, command.colour), goes_on(command));
  auto settled = settle(service, command, std::move(*answer), watch);
  co_return co_await std::move(settled);
}

net::Task<Result<int>> list(ServiceClient& service, const RequestCommand& command) {
  auto asked = service.call_again("GET", "/v1/requests", {});
  const auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  json::array chosen;
  if (const auto* requests = find_array(*answer, "requests"))
    for (const auto& item : *requests)
      if (command.all || (item.is_object() && !item.get_object().contains("finished_at")))
        chosen.push_back(item);
  if (command.json)
    std::cout << render_json(chosen) << '\n';
  else
    std::cout << render_requests(chosen, style_for(STDOUT_FILENO, command.colour));
  if (const auto printed = net::flush_output(); !printed) co_return printed.error();
  co_return EX_OK;
}

/// A public key on standard input, its certificates on standard output.
net::Task<Result<int>> certify(ServiceClient& service, const RequestCommand& command) {
  std::string key(kMaxPublicKey + 1, '\0');
  std::cin.read(key.data(), static_cast<std::streamsize>(key.size()));
  key.resize(static_cast<std::size_t>(std::cin.gcount()));
  if (key.size() > kMaxPublicKey)
    co_return Error{Errc::kTooLarge, "standard input: no public key is that long"};
  key.resize(std::min(key.find('\n'), key.size()));
  json::object body;
  body["public_key"] = key;
  auto asked = service.call_again("POST", "/v1/requests/" + command.id + "/certificates",
                                  std::move(body));
  const auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  if (const auto* certificates = find_array(*answer, "certificates"))
    for (const auto& item : *certificates)
      if (const auto* line = item.if_string())
        std::cout << escape_for_terminal({line->data(), line->size()}, 64 << 10) << '\n';
  if (const auto printed = net::flush_output(); !printed) co_return printed.error();
  co_return EX_OK;
}

/// Verbs that are one call, which may be said twice: show, approve, deny.
net::Task<Result<int>> call_once(ServiceClient& service, const RequestCommand& command) {
  const bool show = command.verb == "show";
  const auto path = "/v1/requests/" + command.id + (show ? "" : "/" + command.verb);
  auto asked = service.call_again(show ? "GET" : "POST", path, {});
  const auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  if (const auto printed = print(*answer, command); !printed) co_return printed.error();
  co_return EX_OK;
}

net::Task<Result<int>> run_verb(ServiceClient& service, const api::Settings& settings,
                                const RequestCommand& command) {
  if (command.verb == "create") return create(service, settings, command);
  if (command.verb == "complete") return complete(service, command);
  if (command.verb == "extend") return extend(service, command);
  if (command.verb == "list") return list(service, command);
  if (command.verb == "certify") return certify(service, command);
  return call_once(service, command);
}

}  // namespace

int run_request(const api::Settings& settings, const RequestCommand& command) {
  return api::run(settings,
                  [&](ServiceClient& service) { return run_verb(service, settings, command); });
}

}  // namespace passport::client
