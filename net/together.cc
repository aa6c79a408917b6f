#include "net/together.h"

#include <exception>

namespace passport::net {
namespace {

struct Crowd {
  Crowd(const asio::any_io_executor& executor, std::vector<Job> all)
      : ended(executor), jobs(std::move(all)) {}
  Event ended;
  std::vector<Job> jobs;
  std::size_t next = 0;
  std::size_t workers = 0;
  std::exception_ptr thrown;
};

Task<void> work(std::shared_ptr<Crowd> crowd) {
  while (crowd->next < crowd->jobs.size()) {
    try {
      auto job = crowd->jobs[crowd->next++]();
      co_await std::move(job);
    } catch (...) {
      crowd->thrown = std::current_exception();
    }
  }
}

std::function<void(std::exception_ptr)> make_end(std::shared_ptr<Crowd> crowd) {
  return [crowd](const std::exception_ptr&) {
    --crowd->workers;
    crowd->ended.notify();
  };
}

}  // namespace

Task<void> run_together(std::vector<Job> jobs, std::size_t at_once) {
  const auto executor = co_await asio::this_coro::executor;
  const auto crowd = std::make_shared<Crowd>(executor, std::move(jobs));
  crowd->workers = std::min(at_once, crowd->jobs.size());
  for (auto n = crowd->workers; n > 0; --n)
    asio::co_spawn(executor, work(crowd), make_end(crowd));
  while (crowd->workers > 0) co_await crowd->ended.wait();
  if (crowd->thrown) std::rethrow_exception(crowd->thrown);
}

}  // namespace passport::net
