#include "net/resolve.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/text.h"
#include "net/watchdog.h"

namespace passport::net {
namespace {

using asio::ip::tcp;

/// What the look-up thread and the waiting coroutine share; the thread may be the last to hold
/// it, so it has nothing of Asio. `done` is an eventfd, readable when the answer is there.
struct Lookup {
  ~Lookup() {
    if (addresses != nullptr) ::freeaddrinfo(addresses);
    if (done >= 0) ::close(done);
  }

  void run() {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    status = ::getaddrinfo(host.c_str(), nullptr, &hints, &addresses);
    finished.store(true, std::memory_order_release);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(done, &one, sizeof one);
  }

  std::string host;
  int done = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::atomic<bool> finished = false;
  int status = 0;  ///< this and the rest: read only when `finished`
  addrinfo* addresses = nullptr;
};

std::vector<tcp::endpoint> endpoints_of(const addrinfo* addresses, unsigned short port) {
  std::vector<tcp::endpoint> out;
  for (; addresses != nullptr; addresses = addresses->ai_next) {
    if (addresses->ai_family != AF_INET && addresses->ai_family != AF_INET6) continue;
    tcp::endpoint endpoint;
    endpoint.resize(addresses->ai_addrlen);
    std::copy_n(reinterpret_cast<const char*>(addresses->ai_addr), addresses->ai_addrlen,
                reinterpret_cast<char*>(endpoint.data()));
    endpoint.port(port);
    out.push_back(endpoint);
  }
  return out;
}

/// Begins the look-up on a thread of its own.
std::shared_ptr<Lookup> start_lookup(std::string host) {
  auto lookup = std::make_shared<Lookup>();
  lookup->host = std::move(host);
  std::thread([lookup] { lookup->run(); }).detach();
  return lookup;
}

Error cannot_find(const std::string& host, int status) {
  const auto name = escape_for_terminal(host, 255);
  if (status == EAI_AGAIN) {
    return {Errc::kUnavailable,
            fmt::format("cannot find host \"{}\": name service does not answer", name)};
  }
  return {Errc::kUnavailable, fmt::format("cannot find host \"{}\"", name)};
}

}  // namespace

Task<Result<std::vector<tcp::endpoint>>> resolve(std::string host, unsigned short port,
                                                 Deadline deadline) {
  boost::system::error_code error;
  if (const auto address = asio::ip::make_address(host, error); !error) {
    co_return std::vector<tcp::endpoint>{{address, port}};
  }
  const auto lookup = start_lookup(host);
  const int done = ::dup(lookup->done);
  if (done < 0) co_return cannot_find(host, EAI_SYSTEM);
  asio::posix::stream_descriptor answered(co_await asio::this_coro::executor, done);
  const auto watchdog = cancel_at(deadline, answered);
  co_await answered.async_wait(asio::posix::stream_descriptor::wait_read,
                               asio::redirect_error(asio::use_awaitable, error));
  if (error || !lookup->finished.load(std::memory_order_acquire)) {
    co_return Error{Errc::kTimeout, fmt::format("name service did not find \"{}\" in time",
                                                escape_for_terminal(host, 255))};
  }
  if (lookup->status != 0) co_return cannot_find(host, lookup->status);
  auto endpoints = endpoints_of(lookup->addresses, port);
  if (endpoints.empty()) co_return cannot_find(host, EAI_NONAME);
  co_return endpoints;
}

}  // namespace passport::net
