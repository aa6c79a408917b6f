#include "api/run.h"

#include <exception>

#include "aws/settings.h"
#include "base/log.h"

namespace passport::api {
namespace {

net::Task<void> run_to_end(const Settings& settings, const Work& work, int& status) {
  auto service = ServiceClient::open(co_await net::asio::this_coro::executor, settings.service,
                                     aws::read_proxies(aws::process_environment()));
  if (!service) {
    status = report(service.error());
    co_return;
  }
  const auto done = co_await work(*service);
  status = done ? *done : report(done.error());
}

}  // namespace

int run(const Settings& settings, const Work& work) {
  net::asio::io_context io(1);
  std::exception_ptr thrown;
  int status = 0;
  net::asio::co_spawn(io, run_to_end(settings, work, status),
                      [&](std::exception_ptr e) { thrown = std::move(e); });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  return status;
}

}  // namespace passport::api
