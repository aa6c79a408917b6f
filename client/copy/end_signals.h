// Signals that ask a copy to end in order. They come to whoever waits for them here.
#pragma once
#include <chrono>
#include <csignal>

namespace passport::copy {

/// Make it before threads, so that all block them. One that was ignored at the start (nohup)
/// stays so.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      struct sigaction now {};
      if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_IGN)
        sigaddset(&set_, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~EndSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  /// The one that has come; 0 when none does for so long, at most a second.
  int wait(std::chrono::nanoseconds time) const {
    const timespec most{0, static_cast<long>(time.count())};
    const int signal = ::sigtimedwait(&set_, nullptr, &most);
    return signal > 0 ? signal : 0;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

}  // namespace passport::copy
