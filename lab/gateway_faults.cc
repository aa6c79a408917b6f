// The gateway's part in the lab's faults, and its clock.
#include <chrono>
#include <ctime>

#include <boost/asio/detached.hpp>

#include "lab/gateway.h"
#include "lab/service.h"
#include "wire/aws/time.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

std::string date_of(std::int64_t unix_s) {
  return wire::aws::encode_http_date(std::chrono::sys_seconds(std::chrono::seconds(unix_s)));
}

}  // namespace

std::int64_t Gateway::now() const {
  return std::time(nullptr) + state_.faults.clock_skew_s;
}

net::Task<wire::HttpResponse> Gateway::answer(wire::HttpRequest request) {
  state_.uptime = std::chrono::steady_clock::now().time_since_epoch();
  auto response = answer_request(state_, request, now());
  response.headers.emplace_back("Date", date_of(now()));
  process_events();
  commands_.deliver();
  flush_audit();
  co_return response;
}

net::Task<wire::HttpResponse> Gateway::decide_upgrade(wire::HttpRequest request) {
  auto decision = answer_upgrade(state_, request, now());
  decision.headers.emplace_back("Date", date_of(now()));
  flush_audit();
  co_return decision;
}

void Gateway::faults_changed(const LabFaults& before) {
  const auto& faults = state_.faults;
  if (faults.seed != before.seed) sockets_.reseed();
  sockets_.faults_changed();
  for (const auto& [id, session] : sessions_) {
    if (faults.pause_client != before.pause_client) session->pause_client(faults.pause_client);
    if (faults.pause_agent != before.pause_agent) session->pause_agent(faults.pause_agent);
  }
  if (faults.start_rate != before.start_rate) state_.start_tokens.reset();
  if (faults.command_rate != before.command_rate) state_.command_tokens.reset();
  if (faults.half_open == before.half_open) return;
  ++half_opens_;
  sockets_.hold(faults.half_open.count() > 0);
  if (faults.half_open.count() > 0)
    asio::co_spawn(executor_, end_half_open(faults.half_open), asio::detached);
}

net::Task<void> Gateway::end_half_open(std::chrono::milliseconds after) {
  const auto which = half_opens_;
  asio::steady_timer timer(executor_, after);
  co_await timer.async_wait(asio::use_awaitable);
  if (which != half_opens_) co_return;
  state_.faults.half_open = {};
  sockets_.hold(false);
}

}  // namespace passport::lab
