#include "client/watch.h"

#include <algorithm>
#include <csignal>
#include <iostream>

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "client/style.h"
#include "net/terminal.h"

namespace passport::client {
namespace {

constexpr std::chrono::seconds kLook{1};  ///< at a request that is waited for

/// Of its instances that one alone, if one is named.
json::object narrow(json::object request, const std::string& instance) {
  if (instance.empty()) return request;
  json::array kept;
  if (const auto* instances = find_array(request, "instances"))
    for (const auto& item : *instances)
      if (item.is_object() && find_string(item.get_object(), "id") == instance)
        kept.push_back(item);
  request["instances"] = std::move(kept);
  return request;
}

net::Task<void> pause(std::chrono::seconds time) {
  net::asio::steady_timer timer(co_await net::asio::this_coro::executor, time);
  co_await timer.async_wait(net::asio::use_awaitable);
}

}  // namespace

struct Watch::State {
  State(const net::asio::any_io_executor& executor, TextStyle how, Error said)
      : signals(executor), style(how), words(std::move(said)) {}

  void draw(const std::string& text) {
    const auto lines = std::count(drawn.begin(), drawn.end(), '\n');
    // One write, so that nothing flickers.
    const auto back = lines > 0 ? fmt::format("\x1b[{}A\r\x1b[J", lines) : std::string();
    if (!back.empty() || !text.empty()) std::cerr << back + text << std::flush;
    drawn = text;
  }

  net::asio::signal_set signals;
  TextStyle style;
  Error words;
  bool drawing = can_draw(STDERR_FILENO);
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  std::string drawn{};
  ProgressLog log{};
};

Watch::Watch(const net::asio::any_io_executor& executor, TextStyle style, Error words)
    : state_(std::make_shared<State>(executor, style, std::move(words))) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL)
      state_->signals.add(signal);
  }
  state_->signals.async_wait(
      [state = state_](const boost::system::error_code& error, int signal) {
        if (error) return;
        state->draw("");
        (void)report(state->words);
        std::signal(signal, SIG_DFL);
        std::raise(signal);
      });
}

Watch::~Watch() {
  clear();
  boost::system::error_code ignored;
  state_->signals.clear(ignored);
  state_->signals.cancel(ignored);
}

void Watch::says(Error words) {
  state_->words = std::move(words);
}

void Watch::show(const json::object& request) {
  if (!state_->drawing) {
    for (const auto& change : state_->log.take_changes(request)) log_line(change);
    return;
  }
  const auto size =
      net::find_terminal_size(STDERR_FILENO).value_or(wire::ssm::TerminalSize{80, 24});
  state_->style.width = size.cols;
  const auto waited = std::chrono::steady_clock::now() - state_->begun;
  // A row for the cursor, and one for what stands above.
  state_->draw(
      render_progress(request, state_->style, std::max(size.rows, 3U) - 2,
                      std::chrono::duration_cast<std::chrono::seconds>(waited).count()));
}

void Watch::clear() {
  state_->draw("");
}

net::Task<Result<json::object>> wait_until_settled(api::ServiceClient& service,
                                                   json::object request, Watch& watch,
                                                   WaitPlan plan) {
  const auto end = net::deadline_in(plan.patience);
  const auto id = find_string(request, "id");
  for (;;) {
    const auto seen = narrow(request, plan.only_instance);
    watch.show(seen);
    if (find_progress(seen).settled) co_return request;
    if (std::chrono::steady_clock::now() >= end)
      co_return Error{Errc::kTimeout, "still " + describe_progress(seen),
                      "passportd goes on; look again: passport request show " + id};
    co_await pause(kLook);
    auto asked = service.call_again("GET", "/v1/requests/" + id, {});
    auto answer = co_await std::move(asked);
    if (!answer) co_return answer;
    request = std::move(*answer);
  }
}

}  // namespace passport::client
