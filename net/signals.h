// Signals as events of the loop.
#pragma once
#include <csignal>
#include <initializer_list>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>

#include "net/asio.h"

namespace passport::net {

/// Writing to a pipe without a reader is an error to handle, not a reason to die.
inline void ignore_sigpipe() {
  std::signal(SIGPIPE, SIG_IGN);
}

/// Takes the signals over from their default action while it lives; one that was ignored at the
/// start (nohup) stays so.
class Signals {
 public:
  Signals(const asio::any_io_executor& executor, std::initializer_list<int> signals)
      : set_(executor) {
    for (const int signal : signals) {
      struct sigaction now {};
      if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) continue;
      set_.add(signal);
    }
  }

  /// The next signal's number; 0 after cancel().
  Task<int> next() {
    boost::system::error_code error;
    const int signal =
        co_await set_.async_wait(asio::redirect_error(asio::use_awaitable, error));
    co_return error ? 0 : signal;
  }

  void cancel() { set_.cancel(); }

 private:
  asio::signal_set set_;
};

}  // namespace passport::net
