#include "aws/world.h"

#include <memory>
#include <random>

#include "net/http_client.h"
#include "net/terminal_question.h"

namespace passport::aws {
namespace {

net::Task<void> wait_for(net::asio::any_io_executor executor, std::chrono::milliseconds time) {
  net::asio::steady_timer timer(std::move(executor), time);
  co_await timer.async_wait(net::asio::use_awaitable);
}

}  // namespace

World make_world(net::asio::any_io_executor executor, net::Outbound outbound) {
  const auto client = std::make_shared<net::HttpClient>(executor, std::move(outbound));
  const auto random = std::make_shared<std::minstd_rand>(std::random_device()());
  World world;
  world.environment = process_environment();
  world.now = [] {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  };
  world.sleep = [executor](std::chrono::milliseconds time) { return wait_for(executor, time); };
  world.jitter = [random] { return std::uniform_real_distribution<>()(*random); };
  world.send = [client](wire::Endpoint endpoint, wire::HttpRequest request,
                        net::Deadline deadline) {
    return client->send(std::move(endpoint), std::move(request), deadline);
  };
  world.ask = [executor](std::string prompt, net::Deadline deadline) {
    return net::ask_terminal(executor, std::move(prompt), deadline);
  };
  return world;
}

}  // namespace passport::aws
