// A coroutine from code that is none.
#pragma once
#include <exception>
#include <optional>

#include "base/result.h"
#include "net/asio.h"

namespace passport::client {

/// Runs the task on a loop of its own, to its end. Throws what it throws.
template <class T>
Result<T> run_alone(net::Task<Result<T>> task) {
  net::asio::io_context io(1);
  std::exception_ptr thrown;
  std::optional<Result<T>> out;
  const auto keep = [](net::Task<Result<T>> inner,
                       std::optional<Result<T>>& into) -> net::Task<void> {
    into.emplace(co_await std::move(inner));
  };
  net::asio::co_spawn(io, keep(std::move(task), out),
                      [&](std::exception_ptr error) { thrown = std::move(error); });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*out);
}

}  // namespace passport::client
