// Local sockets: listeners, who is at the other end, and streams that carry them.
#include "net/mux_sockets.h"

#include <fstream>
#include <optional>

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/listener.h"
#include "net/peer.h"

namespace passport::net {
namespace {

using namespace std::chrono_literals;
using wire::ssm::Mux;

struct LocalSockets : testing::Test {
  asio::io_context io;

  ~LocalSockets() override {
    for (const int socket : opened_) ::close(socket);
  }

  /// Runs the loop until `done`; fails the test after ten seconds.
  template <class Done>
  void run_until(Done done, int line = __builtin_LINE()) {
    const auto end = deadline_in(10s);
    io.restart();
    while (!done() && io.run_one_until(end) > 0) continue;
    ASSERT_TRUE(done()) << "line " << line;
  }

  int keep(int socket) {
    EXPECT_GE(socket, 0);
    opened_.push_back(socket);
    return socket;
  }
  int connect_to(unsigned short port) {
    const int socket = keep(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    return socket;
  }
  int connect_to(const std::string& path) {
    const int socket = keep(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    path.copy(to.sun_path, sizeof to.sun_path - 1);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    return socket;
  }
  static Task<void> accept_into(Listener& listener, std::optional<int>& into) {
    into = co_await listener.accept();
  }
  int accept(Listener& listener) {
    std::optional<int> socket;
    asio::co_spawn(io, accept_into(listener, socket), asio::detached);
    run_until([&] { return socket.has_value(); });
    return keep(socket.value_or(-1));
  }
  std::string temporary_path() const {
    return testing::TempDir() + "passport-" + std::to_string(::getpid()) + ".sock";
  }

 private:
  std::vector<int> opened_;
};

TEST_F(LocalSockets, APortIsListenedToOnce) {
  const auto first = Listener::tcp(io.get_executor(), "127.0.0.1", 0).value()->port();
  const auto again = Listener::tcp(io.get_executor(), "127.0.0.1", first);
  ASSERT_TRUE(again) << "free again";
  const auto second = Listener::tcp(io.get_executor(), "127.0.0.1", first);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kUnavailable);
  EXPECT_EQ(second.error().detail, "cannot listen at \"127.0.0.1:" + std::to_string(first) +
                                       "\": address already in use");
  EXPECT_FALSE(Listener::tcp(io.get_executor(), "192.0.2.1", 0)) << "not of this machine";
  EXPECT_FALSE(Listener::tcp(io.get_executor(), "localhost", 0)) << "a name";
}

TEST_F(LocalSockets, AUnixSocketIsTheOwnersAloneAndGoesWithItsListener) {
  const auto path = temporary_path();
  {
    const auto listener = Listener::unix_socket(io.get_executor(), path);
    ASSERT_TRUE(listener) << listener.error().detail;
    struct stat status {};
    ASSERT_EQ(::lstat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_EQ(Listener::unix_socket(io.get_executor(), path).error().code, Errc::kUnavailable)
        << "somebody listens";
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST_F(LocalSockets, ASocketLeftBehindIsTakenOverAndAnythingElseIsNot) {
  const auto path = temporary_path();
  const int left = keep(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  ASSERT_EQ(::bind(left, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  {
    const auto listener = Listener::unix_socket(io.get_executor(), path);
    ASSERT_TRUE(listener) << listener.error().detail;
    ASSERT_EQ(::unlink(path.c_str()), 0);
    std::ofstream(path) << "another's";
  }
  EXPECT_EQ(::access(path.c_str(), F_OK), 0) << "not what the listener made";
  EXPECT_FALSE(Listener::unix_socket(io.get_executor(), path)) << "a file";
  ::unlink(path.c_str());
}

TEST_F(LocalSockets, ThePeersUserIsKnownUntilItHasClosed) {
  const auto path = temporary_path();
  const auto tcp = Listener::tcp(io.get_executor(), "127.0.0.1", 0).value()->port();
  const auto tcp_listener =
      std::move(Listener::tcp(io.get_executor(), "127.0.0.1", tcp).value());
  const auto unix_listener = std::move(Listener::unix_socket(io.get_executor(), path).value());
  const std::pair<int, int> pairs[] = {{connect_to(tcp), accept(*tcp_listener)},
                                       {connect_to(path), accept(*unix_listener)}};
  for (const auto& [theirs, ours] : pairs) {
    EXPECT_EQ(find_peer(ours).kind, Peer::Kind::kHere);
    EXPECT_EQ(find_peer(ours).user, ::geteuid());
    ASSERT_EQ(::shutdown(theirs, SHUT_WR), 0);
    char byte = 0;
    EXPECT_EQ(::read(ours, &byte, 1), 0);
    EXPECT_FALSE(is_peer_gone(ours)) << "it can still read";
    ASSERT_EQ(::dup2(STDIN_FILENO, theirs), theirs);  // closes it
    EXPECT_TRUE(is_peer_gone(ours));
  }
  EXPECT_EQ(find_peer(STDIN_FILENO).kind, Peer::Kind::kUnknown);
}

/// One end of a session in memory.
struct End : MuxCarrier {
  End(asio::io_context& context, Mux::Role role, HalfClose half_close)
      : io(context), sockets(context.get_executor(), role, half_close, *this, 0ms) {}

  std::size_t room() const override { return 5000; }
  void send(ByteView bytes) override {
    asio::post(io, [to = other, copy = Bytes(bytes.begin(), bytes.end())] {
      EXPECT_TRUE(to->sockets.receive(copy));
    });
  }
  void spawn(Task<void> loop) override {
    asio::co_spawn(io, std::move(loop), [](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
    });
  }
  void taken() override {}
  void opened(Mux::StreamId id) override { waiting.push_back(id); }
  bool refused(Mux::StreamId) override { return refusing; }
  void unanswered(Mux::StreamId) override { ++unanswered_count; }

  asio::io_context& io;
  End* other = nullptr;
  std::vector<Mux::StreamId> waiting;
  bool refusing = false;
  int unanswered_count = 0;
  MuxSockets sockets;
};

struct MuxSocketsTest : LocalSockets {
  MuxSocketsTest() {
    client.other = &server;
    server.other = &client;
    id = client.sockets.mux().open().value();
    near = add(client, id);
    client.sockets.flush();
    run_until([&] { return !server.waiting.empty(); });
  }
  ~MuxSocketsTest() override {
    client.sockets.stop();
    server.sockets.stop();
    io.restart();
    io.poll();
  }
  /// The far end of a socket that the stream carries.
  int add(End& end, Mux::StreamId stream) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    end.sockets.add(stream, ends[0]);
    return keep(ends[1]);
  }
  std::string hear(int socket, std::size_t size) {
    std::string text;
    run_until([&] {
      char buffer[65536];
      const auto n = ::recv(socket, buffer, sizeof buffer, 0);
      if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
      return text.size() >= size;
    });
    return text;
  }
  /// The errno of what ends it, 0 for an orderly end.
  int hear_end(int socket) {
    ssize_t n = -1;
    run_until([&] {
      char byte = 0;
      n = ::recv(socket, &byte, 1, 0);
      return n == 0 || (n < 0 && errno != EAGAIN);
    });
    return n == 0 ? 0 : errno;
  }
  static void say(int socket, std::string_view text) {
    EXPECT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  End client{io, Mux::Role::kClient, HalfClose::kHeldBack};
  End server{io, Mux::Role::kServer, HalfClose::kNever};
  Mux::StreamId id = 0;
  int near = -1;
};

TEST_F(MuxSocketsTest, CarriesBytesAndTheServersEnd) {
  const int far = add(server, id);
  const std::string text(100000, 'x');
  say(near, text);
  EXPECT_EQ(hear(far, text.size()), text);
  say(far, "answer");
  EXPECT_EQ(hear(near, 6), "answer");
  ASSERT_EQ(::shutdown(far, SHUT_WR), 0);
  EXPECT_EQ(hear_end(near), 0);
  run_until([&] { return server.sockets.size() == 0; });
  say(near, "for nobody");
  run_until([&] { return client.sockets.size() == 0; });
}

TEST_F(MuxSocketsTest, HoldsAHalfCloseBackUntilItIsQuiet) {
  const int far = add(server, id);
  ASSERT_EQ(::shutdown(near, SHUT_WR), 0);
  run_until([&] { return client.sockets.watches(); });
  say(far, "still comes");
  EXPECT_EQ(hear(near, 11), "still comes");
  EXPECT_EQ(server.sockets.size(), 1U) << "the end was passed on";
  client.sockets.on_timer(std::chrono::steady_clock::now() + 1s);
  EXPECT_EQ(hear_end(far), 0);
  EXPECT_EQ(hear_end(near), 0);
  EXPECT_FALSE(client.sockets.watches());
  EXPECT_EQ(client.unanswered_count, 0);
}

TEST_F(MuxSocketsTest, TellsOfAnEndThatGotNoAnswer) {
  const int far = add(server, id);
  ASSERT_EQ(::shutdown(near, SHUT_WR), 0);
  run_until([&] { return client.sockets.watches(); });
  client.sockets.on_timer(std::chrono::steady_clock::now() + 1s);
  client.sockets.on_timer(std::chrono::steady_clock::now() + 3s);
  EXPECT_EQ(hear_end(far), 0);
  EXPECT_EQ(hear_end(near), 0);
  EXPECT_EQ(client.unanswered_count, 1);
}

TEST_F(MuxSocketsTest, PassesOnAtOnceThatASocketWasClosed) {
  const int far = add(server, id);
  say(near, "last words");
  ASSERT_EQ(::dup2(STDIN_FILENO, near), near);  // closes it
  EXPECT_EQ(hear(far, 10), "last words");
  EXPECT_EQ(hear_end(far), 0);
  EXPECT_EQ(client.sockets.size(), 0U);
}

TEST_F(MuxSocketsTest, ARefusedStreamEndsItsSocketAlone) {
  const auto other = client.sockets.mux().open().value();
  const int other_near = add(client, other);
  client.sockets.flush();
  client.refusing = true;
  server.sockets.close(id);
  hear_end(near);
  EXPECT_EQ(client.sockets.size(), 1U);
  const int other_far = add(server, other);
  say(other_far, "goes on");
  EXPECT_EQ(hear(other_near, 7), "goes on");
}

}  // namespace
}  // namespace passport::net
