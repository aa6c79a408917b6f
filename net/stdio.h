// Standard input and output (or any two descriptors) as streams of the event loop.
#pragma once
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "net/asio.h"

namespace passport::net {

/// Opens /dev/null in place of standard descriptors that are closed, so that no other file gets
/// their numbers. Call first.
void reserve_standard_descriptors();

/// Whether all that was given to std::cout has been written. Errors: kUnavailable.
Result<void> flush_output();

/// Reads pipes, sockets and terminals without blocking the loop; regular files and devices that
/// cannot be waited for are read in place. O_NONBLOCK is never set on the descriptor given: it
/// would change it for every process that shares it, and stay when this one is gone.
class StdinReader {
 public:
  explicit StdinReader(asio::any_io_executor executor, int descriptor = 0);
  ~StdinReader();
  StdinReader(const StdinReader&) = delete;
  StdinReader& operator=(const StdinReader&) = delete;

  /// The next bytes, at most into.size(); 0 = end of input, or cancelled. Each call returns to
  /// the loop at least once. Errors: kUnavailable.
  Task<Result<std::size_t>> read(std::span<std::uint8_t> into);

  /// Ends a read under way, and all later ones.
  void cancel();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Writes likewise. SIGPIPE must be ignored (net/signals.h).
class StdoutWriter {
 public:
  explicit StdoutWriter(asio::any_io_executor executor, int descriptor = 1);
  ~StdoutWriter();
  StdoutWriter(const StdoutWriter&) = delete;
  StdoutWriter& operator=(const StdoutWriter&) = delete;

  /// Writes all of `bytes`, which must stay until then. False when nobody reads any more, and
  /// after cancel(). Errors: kUnavailable (a full disk, say).
  Task<Result<bool>> write(ByteView bytes);

  /// True once the reader of a pipe or socket has closed it.
  bool reader_gone() const;

  /// Ends a write under way, and all later ones.
  void cancel();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace passport::net
