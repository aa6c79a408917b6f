// Runs one coroutine to its end, for tests.
#pragma once
#include <exception>
#include <optional>
#include <stdexcept>

#include "net/asio.h"

namespace passport::test {

/// Runs the loop until `task` ends. Throws what it throws; a task that never ends is a failure
/// after a minute.
inline void run_task(net::asio::io_context& io, net::Task<void> task) {
  std::exception_ptr thrown;
  bool done = false;
  net::asio::co_spawn(io, std::move(task), [&](std::exception_ptr e) {
    thrown = e;
    done = true;
  });
  io.restart();
  const auto end = net::deadline_in(std::chrono::minutes(1));
  while (!done && io.run_one_until(end) > 0) continue;
  if (thrown) std::rethrow_exception(thrown);
  if (!done) throw std::runtime_error("the task did not end");
}

/// The same, for the task's value.
template <class T>
T run_task(net::asio::io_context& io, net::Task<T> task) {
  std::optional<T> value;
  run_task(io, [](net::Task<T> inner, std::optional<T>& out) -> net::Task<void> {
    out.emplace(co_await std::move(inner));
  }(std::move(task), value));
  return std::move(*value);
}

}  // namespace passport::test
