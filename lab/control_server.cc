#include "lab/control_server.h"

#include <cstring>

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lab/fault_control.h"
#include "net/watchdog.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

using Protocol = asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::chrono::seconds kDeadline{5};
constexpr std::chrono::milliseconds kAcceptPause{100};

net::Task<void> serve(Protocol::socket socket,
                      std::shared_ptr<const ControlServer::Answer> answer) {
  const auto watchdog = net::cancel_at(net::deadline_in(kDeadline), socket);
  std::string line;
  error_code error;
  const auto n =
      co_await asio::async_read_until(socket, asio::dynamic_buffer(line, kMaxControlLine), '\n',
                                      asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return;
  line.resize(n - 1);
  const auto text = (*answer)(line) + "\n";
  co_await asio::async_write(socket, asio::buffer(text),
                             asio::redirect_error(asio::use_awaitable, error));
}

net::Task<void> accept(std::shared_ptr<Protocol::acceptor> acceptor,
                       std::shared_ptr<const ControlServer::Answer> answer) {
  while (acceptor->is_open()) {
    error_code error;
    auto socket =
        co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      asio::co_spawn(acceptor->get_executor(), serve(std::move(socket), answer),
                     asio::detached);
    } else if (acceptor->is_open()) {
      asio::steady_timer pause(acceptor->get_executor(), kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

class Server final : public ControlServer {
 public:
  explicit Server(std::shared_ptr<Protocol::acceptor> acceptor)
      : acceptor_(std::move(acceptor)) {}
  ~Server() override {
    error_code ignored;
    acceptor_->close(ignored);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  std::shared_ptr<Protocol::acceptor> acceptor_;
};

/// Bound and listening, mode 0600 from its first moment.
Fd listen_on(const SocketAddress& address) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (!fd || address.path.empty() || address.path.size() >= sizeof name.sun_path) return Fd();
  std::memcpy(name.sun_path, address.path.c_str(), address.path.size() + 1);
  ::unlink(address.path.c_str());
  const auto before = ::umask(0177);
  const bool bound =
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;  // NOLINT
  ::umask(before);
  if (!bound || ::listen(fd.get(), SOMAXCONN) != 0) return Fd();
  return fd;
}

}  // namespace

SocketAddress make_socket_address(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
  SocketAddress out{Fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), ""};
  if (out.folder) {
    out.path = fmt::format("/proc/self/fd/{}/{}", out.folder.get(),
                           path.substr(slash == std::string::npos ? 0 : slash + 1));
  }
  return out;
}

Result<std::unique_ptr<ControlServer>> ControlServer::listen(
    const asio::any_io_executor& executor, const std::string& path, Answer answer) {
  auto fd = listen_on(make_socket_address(path));
  if (!fd) return Error{Errc::kUnavailable, fmt::format("\"{}\": {}", path, errno_text(errno))};
  auto acceptor = std::make_shared<Protocol::acceptor>(executor);
  acceptor->assign(Protocol(), fd.release());
  asio::co_spawn(executor, accept(acceptor, std::make_shared<const Answer>(std::move(answer))),
                 asio::detached);
  return std::unique_ptr<ControlServer>(std::make_unique<Server>(std::move(acceptor)));
}

}  // namespace passport::lab
