// The one header that brings Asio's coroutines; everything that awaits includes it.
#pragma once
#include <utility>  // before awaitable.hpp: chriskohlhoff/asio#944

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace passport::net {

namespace asio = boost::asio;

/// A coroutine of this house. Parameters are taken by value or outlive the call; one
/// io_context, one thread, no strands.
template <class T>
using Task = asio::awaitable<T>;

/// Every wait has one: the moment by which an operation ends with kTimeout.
using Deadline = std::chrono::steady_clock::time_point;

inline Deadline deadline_in(std::chrono::milliseconds d) {
  return std::chrono::steady_clock::now() + d;
}

}  // namespace passport::net
