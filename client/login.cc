#include "client/login.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/run.h"
#include "aws/private_file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"
#include "client/request_text.h"
#include "net/signals.h"
#include "net/stdio.h"

namespace passport::client {
namespace {

using api::ServiceClient;

Error unusable(const std::string& path, int error) {
  return {error == EACCES || error == EPERM ? Errc::kDenied : Errc::kUnavailable,
          fmt::format("{}: {}", escape_for_terminal(path), std::strerror(error))};
}

net::Task<Result<json::object>> ask(ServiceClient& service) {
  return service.call("GET", "/v1/token", {}, net::deadline_in(api::kCallTime));
}

Result<void> print_who(const json::object& who) {
  const auto* groups = find_array(who, "groups");
  std::string names;
  for (const auto& group : groups != nullptr ? *groups : json::array())
    if (const auto* name = group.if_string())
      names += (names.empty() ? "" : ", ") + escape_for_terminal({name->data(), name->size()});
  const auto* end = who.if_contains("expires_at");
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const auto left = end != nullptr && end->is_int64() ? end->get_int64() - now : 0;
  std::cout << fmt::format("{} ({}), for {}\n", escape_for_terminal(find_string(who, "user")),
                           names.empty() ? "no groups" : names,
                           render_time_left(std::max<std::int64_t>(left, 0)));
  return net::flush_output();
}

net::Task<Result<int>> check(ServiceClient& service) {
  auto asked = ask(service);
  const auto who = co_await std::move(asked);
  if (!who) co_return who.error();
  if (const auto printed = print_who(*who); !printed) co_return printed.error();
  co_return EX_OK;
}

net::Task<Result<int>> show(ServiceClient& service, bool as_json) {
  if (!as_json) co_return co_await check(service);
  auto asked = ask(service);
  const auto who = co_await std::move(asked);
  if (!who) co_return who.error();
  std::cout << render_json(*who) << '\n';
  if (const auto printed = net::flush_output(); !printed) co_return printed.error();
  co_return EX_OK;
}

net::Task<Result<int>> revoke(ServiceClient& service) {
  auto asked = service.call("POST", "/v1/token/revoke", {}, net::deadline_in(api::kCallTime));
  const auto done = co_await std::move(asked);
  if (!done && done.error().code != Errc::kExpired) co_return done.error();
  co_return EX_OK;
}

/// Where a token is until it is known to be good.
std::string new_file(const api::Settings& settings) {
  return settings.service.token_file + ".new";
}

net::Task<void> remove_on_signal(net::Signals& signals, std::string path) {
  const int signal = co_await signals.next();
  if (signal == 0) co_return;
  ::unlink(path.c_str());
  std::_Exit(128 + signal);
}

net::Task<Result<int>> save_and_check(ServiceClient& service, const std::string& path,
                                      const Secret& token) {
  const auto executor = co_await net::asio::this_coro::executor;
  net::Signals signals(executor, {SIGINT, SIGTERM, SIGHUP});
  net::asio::co_spawn(executor, remove_on_signal(signals, path), net::asio::detached);
  const auto saved = aws::save_private_file(path, std::string(token.reveal()) + "\n");
  if (!saved) co_return saved.error();
  auto checking = check(service);
  const auto checked = co_await std::move(checking);
  signals.cancel();
  co_return checked;
}

}  // namespace

int log_in(const api::Settings& settings, const Secret& token) {
  const auto& path = settings.service.token_file;
  auto with_new = settings;
  with_new.service.token_file = new_file(settings);
  const auto& fresh = with_new.service.token_file;
  const int status = api::run(
      with_new, [&](ServiceClient& service) { return save_and_check(service, fresh, token); });
  if (status == EX_OK && ::rename(fresh.c_str(), path.c_str()) == 0) return EX_OK;
  const int why = errno;
  ::unlink(fresh.c_str());
  return status == EX_OK ? report(unusable(path, why)) : status;
}

int print_status(const api::Settings& settings, bool as_json) {
  return api::run(settings,
                  [as_json](ServiceClient& service) { return show(service, as_json); });
}

int log_out(const api::Settings& settings) {
  const auto& path = settings.service.token_file;
  ::unlink(new_file(settings).c_str());                 // of a login that was killed
  if (::access(path.c_str(), F_OK) != 0) return EX_OK;  // logged out already
  const int status = api::run(settings, [](ServiceClient& service) { return revoke(service); });
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return report(unusable(path, errno));
  return status;
}

}  // namespace passport::client
