#include "keyagent/agent.h"

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "net/line_socket.h"
#include "net/peer.h"

namespace passport::keyagent {
namespace {

namespace asio = net::asio;
using Verb = ControlRequest::Verb;

constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::milliseconds kLastAnswer{100};  ///< for the answer to "stop" to go out

Time wall_clock() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

Agent::Agent(const asio::any_io_executor& executor, Options options, Sockets sockets,
             RandomSource random)
    : executor_(executor),
      options_(std::move(options)),
      sockets_(std::move(sockets)),
      random_(std::move(random)),
      held_(random_),
      signals_(executor, {SIGINT, SIGTERM, SIGHUP}),
      tick_(executor),
      last_held_(std::chrono::steady_clock::now()) {}

net::Task<void> Agent::run() {
  asio::co_spawn(executor_, accept_clients(), asio::detached);
  asio::co_spawn(executor_, wait_for_signal(), asio::detached);
  net::LineService service;
  service.max_line = kMaxControlLine;
  service.answer = [this](std::string line) { return answer_control(std::move(line)); };
  asio::co_spawn(executor_, net::serve_lines(sockets_.control, std::move(service)),
                 asio::detached);
  while (!stopping_) {
    tick_.expires_after(kTick);
    boost::system::error_code ignored;
    co_await tick_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    held_.tick(executor_, wall_clock());
    const auto now = std::chrono::steady_clock::now();
    if (!held_.empty()) last_held_ = now;
    if (options_.idle.count() > 0 && now - last_held_ >= options_.idle) {
      log(LogLevel::kInfo, "nothing held idle_s={}", options_.idle.count());
      break;
    }
  }
  sockets_.agent->cancel();
  sockets_.control->cancel();
  signals_.cancel();
  tick_.expires_after(kLastAnswer);
  co_await tick_.async_wait(asio::use_awaitable);
}

net::Task<void> Agent::wait_for_signal() {
  const int signal = co_await signals_.next();
  if (signal == 0) co_return;
  log(LogLevel::kInfo, "signal received number={}", signal);
  stopping_ = true;
  tick_.cancel();
}

net::Task<void> Agent::accept_clients() {
  for (;;) {
    const int socket = co_await sockets_.agent->accept();
    if (socket < 0) co_return;
    if (!net::is_own_user(socket)) {
      log_line("a process of another user was refused");
      ::close(socket);
    } else if (counters_->connected >= kMaxClients) {
      log_line(fmt::format("more than {} clients: one was refused", kMaxClients));
      ::close(socket);
    } else {
      asio::co_spawn(executor_, serve_client(socket, held_.keyring(), random_, counters_),
                     asio::detached);
    }
  }
}

json::object Agent::describe_status() const {
  json::object out;
  out["pid"] = ::getpid();
  out["socket"] = options_.socket;
  out["locked"] = held_.keyring().locked();
  out["requests"] = held_.describe().size();
  out["clients"] = counters_->connected;
  out["signatures"] = counters_->signatures;
  return out;
}

net::Task<Result<json::object>> Agent::act(ControlRequest request) {
  json::object out;
  switch (request.verb) {
    case Verb::kStatus:
      co_return describe_status();
    case Verb::kList:
      out["requests"] = held_.describe();
      out["locked"] = held_.keyring().locked();
      co_return out;
    case Verb::kAddRequest: {
      const auto added = co_await held_.add(std::move(request.request));
      if (!added) co_return added.error();
      co_return out;
    }
    case Verb::kDropRequest:
      if (!held_.drop(request.request.id))
        co_return Error{Errc::kNotFound,
                        fmt::format("request {} is not held", request.request.id)};
      co_return out;
    case Verb::kStop:
      stopping_ = true;
      tick_.cancel();
      co_return out;
  }
  co_return Error{Errc::kInternal, "unknown verb"};
}

net::Task<std::string> Agent::answer_control(std::string line) {
  auto request = parse_control_request(line);
  if (!request) co_return serialize_control_error(request.error());
  const auto answer = co_await act(std::move(*request));
  if (!answer) co_return serialize_control_error(answer.error());
  co_return json::serialize(*answer);
}

}  // namespace passport::keyagent
