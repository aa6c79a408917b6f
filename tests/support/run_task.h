// Runs one coroutine to its end, for tests.
#pragma once
#include <exception>
#include <optional>
#include <stdexcept>

#include "net/asio.h"

namespace passport::test {

/// The task's value. Throws what it throws; a task that never ends is a failure after a minute.
template <class T>
T run_task(net::asio::io_context& io, net::Task<T> task) {
  std::optional<T> value;
  std::exception_ptr thrown;
  bool done = false;
  net::asio::co_spawn(io, std::move(task), [&](std::exception_ptr e, T v) {
    thrown = e;
    if (!e) value.emplace(std::move(v));
    done = true;
  });
  io.restart();
  const auto end = net::deadline_in(std::chrono::minutes(1));
  while (!done && io.run_one_until(end) > 0) continue;
  if (thrown) std::rethrow_exception(thrown);
  if (!done) throw std::runtime_error("the task did not end");
  return std::move(*value);
}

inline void run_task(net::asio::io_context& io, net::Task<void> task) {
  run_task(io, [](net::Task<void> t) -> net::Task<bool> {
    co_await std::move(t);
    co_return true;
  }(std::move(task)));
}

}  // namespace passport::test
