// Questions and answers of one line each over a unix socket: how programs of one user talk.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "net/listener.h"

namespace passport::net {

struct LineService {
  std::size_t max_line = 0;          ///< bytes of a question, its newline with them
  std::chrono::seconds patience{5};  ///< for the question to come, and for the answer to go
  /// Both without newline.
  std::function<Task<std::string>(std::string question)> answer{};
};

/// Each connection of this user's (or root's) says one line, is answered with one, and closed.
/// Ends after listener.cancel().
Task<void> serve_lines(std::shared_ptr<Listener> listener, LineService service);

/// Asks at `path`, which may be longer than a socket's address. Errors: kNotFound when nobody
/// listens there; kTimeout; kProtocol above `max_answer` bytes.
Result<std::string> ask_line(const std::string& path, std::string question,
                             std::size_t max_answer, std::chrono::seconds patience);

}  // namespace passport::net
