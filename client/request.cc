#include "client/request.h"

#include <iostream>
#include <iterator>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/run.h"
#include "base/log.h"
#include "base/text.h"
#include "client/request_text.h"
#include "net/random.h"

namespace passport::client {
namespace {

using api::ServiceClient;
using Answer = Result<json::object>;

constexpr std::chrono::seconds kLook{1};       ///< at a request that is waited for
constexpr std::chrono::minutes kPatience{10};  ///< with its instances
constexpr std::size_t kMaxPublicKey = 4096;    ///< bytes

TextStyle style_for(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  const bool colour =
      ::isatty(descriptor) == 1 && (no_colour == nullptr || no_colour[0] == '\0');
  return {std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()), colour};
}

void print(const json::object& request, const RequestCommand& command) {
  if (command.json)
    std::cout << json::serialize(request) << '\n';
  else
    std::cout << render_request(request, style_for(STDOUT_FILENO));
  std::cout << std::flush;
}

net::Task<void> pause(std::chrono::seconds time) {
  net::asio::steady_timer timer(co_await net::asio::this_coro::executor, time);
  co_await timer.async_wait(net::asio::use_awaitable);
}

/// One line on a terminal, written over.
class ProgressLine {
 public:
  ProgressLine() : shown_(::isatty(STDERR_FILENO) == 1) {}
  ~ProgressLine() {
    if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void draw(const std::string& text) {
    if (!shown_) return;
    std::cerr << "\r\x1b[K" << text << std::flush;
    drawn_ = true;
  }

 private:
  bool shown_;
  bool drawn_ = false;
};

/// Until nothing changes by itself any more; the request as it is then.
net::Task<Answer> wait_for_instances(ServiceClient& service, json::object request) {
  const auto end = net::deadline_in(kPatience);
  const auto path = "/v1/requests/" + find_string(request, "id");
  ProgressLine line;
  while (!find_progress(request).settled) {
    if (std::chrono::steady_clock::now() >= end)
      co_return Error{Errc::kTimeout, "not ready yet: " + describe_progress(request),
                      "passportd goes on: passport request show"};
    line.draw(describe_progress(request));
    co_await pause(kLook);
    auto asked = service.call_again("GET", path, {});
    auto answer = co_await std::move(asked);
    if (!answer) co_return answer;
    request = std::move(*answer);
  }
  co_return request;
}

int status_of(const json::object& request) {
  const auto state = find_string(request, "state");
  const auto progress = find_progress(request);
  if (state == "pending") return EX_TEMPFAIL;
  return state == "active" && progress.active == progress.all ? EX_OK : EX_UNAVAILABLE;
}

json::object body_of(const RequestWish& wish) {
  json::array instances;
  for (const auto& instance : wish.instances) instances.emplace_back(instance);
  json::object out{{"account", wish.account},
                   {"region", wish.region},
                   {"instances", std::move(instances)},
                   {"reason", wish.reason},
                   {"duration_s", wish.lasts.count()}};
  if (!wish.ticket.empty()) out["ticket"] = wish.ticket;
  if (!wish.key_type.empty()) out["key_type"] = wish.key_type;
  if (wish.break_glass) out["break_glass"] = true;
  return out;
}

/// Waits if that is wanted, then prints the request.
net::Task<Result<int>> settle(ServiceClient& service, const RequestCommand& command,
                              json::object request) {
  if (command.wait) {
    auto waited = wait_for_instances(service, std::move(request));
    auto settled = co_await std::move(waited);
    if (!settled) co_return settled.error();
    request = std::move(*settled);
  }
  print(request, command);
  co_return command.wait ? status_of(request) : EX_OK;
}

net::Task<Result<int>> create(ServiceClient& service, const RequestCommand& command) {
  auto asked = service.call_again("POST", "/v1/requests", body_of(command.wish),
                                  encode_hex(net::random_uuids()()));
  auto made = co_await std::move(asked);
  if (!made) co_return made.error();
  // Whoever stops waiting has to know what there is to be ended.
  if (command.wait) log_line("made " + escape_for_terminal(find_string(*made, "id")));
  auto settled = settle(service, command, std::move(*made));
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
  auto settled = settle(service, command, std::move(*answer));
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
    std::cout << json::serialize(chosen) << '\n';
  else
    std::cout << render_requests(chosen, style_for(STDOUT_FILENO));
  std::cout << std::flush;
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
  std::cout << std::flush;
  co_return EX_OK;
}

/// Verbs that are one call, which may be said twice: show, complete, approve, deny.
net::Task<Result<int>> call_once(ServiceClient& service, const RequestCommand& command) {
  const bool show = command.verb == "show";
  const auto path = "/v1/requests/" + command.id + (show ? "" : "/" + command.verb);
  auto asked = service.call_again(show ? "GET" : "POST", path, {});
  const auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  print(*answer, command);
  co_return EX_OK;
}

net::Task<Result<int>> run_verb(ServiceClient& service, const RequestCommand& command) {
  if (command.verb == "create") return create(service, command);
  if (command.verb == "extend") return extend(service, command);
  if (command.verb == "list") return list(service, command);
  if (command.verb == "certify") return certify(service, command);
  return call_once(service, command);
}

}  // namespace

int run_request(const api::Settings& settings, const RequestCommand& command) {
  return api::run(settings,
                  [&command](ServiceClient& service) { return run_verb(service, command); });
}

}  // namespace passport::client
