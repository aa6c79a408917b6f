// What a copy has to say while it is under way, from any of its threads.
#pragma once
#include <mutex>
#include <set>
#include <string>

#include "base/exit_code.h"
#include "base/log.h"

namespace passport::copy {

class Report {
 public:
  /// Something that was to be copied is not: a line, and the exit status.
  void failed(const Error& error) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const int status = passport::report(error);
    if (status_ == EX_OK) status_ = status;
  }
  /// The same words once.
  void notice(const std::string& text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (said_.insert(text).second) log_line(text);
  }
  /// That of the first failure.
  int status() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return status_;
  }

 private:
  mutable std::mutex mutex_;
  int status_ = EX_OK;
  std::set<std::string> said_;
};

}  // namespace passport::copy
