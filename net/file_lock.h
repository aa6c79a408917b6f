// One process at a time.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/fd.h"

namespace passport::net {

/// A file that one process has, for as long as this lives; it stays when that is gone.
class FileLock {
 public:
  /// Errors: kConflict when another has it; kDenied, kConfig: the file cannot be opened.
  static Result<FileLock> take(const std::string& path);

  /// What the file says from now on, for others to read. Errors: kUnavailable.
  Result<void> write(std::string_view text);

 private:
  explicit FileLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace passport::net
