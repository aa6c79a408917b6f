#include "net/line_socket.h"

#include <array>
#include <cerrno>

#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include "net/peer.h"
#include "net/socket_path.h"
#include "net/watchdog.h"

namespace passport::net {
namespace {

using asio::posix::stream_descriptor;
using boost::system::error_code;
using Service = std::shared_ptr<const LineService>;

Task<void> serve(stream_descriptor connection, Service service) {
  std::string line;
  error_code error;
  {
    const auto watchdog = cancel_at(deadline_in(service->patience), connection);
    const auto n = co_await asio::async_read_until(
        connection, asio::dynamic_buffer(line, service->max_line), '\n',
        asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    line.resize(n - 1);
  }
  auto text = co_await service->answer(std::move(line));
  text += '\n';
  const auto watchdog = cancel_at(deadline_in(service->patience), connection);
  co_await asio::async_write(connection, asio::buffer(text),
                             asio::redirect_error(asio::use_awaitable, error));
}

class Connection {
 public:
  Connection() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool open(const std::string& path, std::chrono::seconds patience) const {
    const timeval limit{patience.count(), 0};
    for (const int way : {SO_RCVTIMEO, SO_SNDTIMEO})
      (void)::setsockopt(fd_, SOL_SOCKET, way, &limit, sizeof limit);
    const SocketPath at(path);
    sockaddr_un address;
    return at.fill(address) == 0 &&
           ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// 0 at the end, and below when the time is over.
  ssize_t receive(std::string& into) const {
    std::array<char, 4096> buffer;
    const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n > 0) into.append(buffer.data(), static_cast<std::size_t>(n));
    return n;
  }

 private:
  int fd_;
};

}  // namespace

Task<void> serve_lines(std::shared_ptr<Listener> listener, LineService service) {
  const auto shared = std::make_shared<const LineService>(std::move(service));
  const auto executor = co_await asio::this_coro::executor;
  for (;;) {
    const int socket = co_await listener->accept();
    if (socket < 0) co_return;
    stream_descriptor connection(executor, socket);
    if (!is_own_user(socket)) continue;
    asio::co_spawn(executor, serve(std::move(connection), shared), asio::detached);
  }
}

Result<std::string> ask_line(const std::string& path, std::string question,
                             std::size_t max_answer, std::chrono::seconds patience) {
  const Connection connection;
  if (!connection.open(path, patience)) return Error{Errc::kNotFound, "nobody listens"};
  question += '\n';
  const Error silent{Errc::kTimeout, "it does not answer"};
  if (!connection.send(question)) return silent;
  std::string answer;
  while (!answer.ends_with('\n')) {
    if (connection.receive(answer) <= 0) return silent;
    if (answer.size() > max_answer) return Error{Errc::kProtocol, "its answer is too large"};
  }
  answer.pop_back();
  return answer;
}

}  // namespace passport::net
