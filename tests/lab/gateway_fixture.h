// A gateway with instances that are socket pairs, and clients in memory.
#pragma once
#include <random>

#include <boost/asio/detached.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/json.h"
#include "lab/gateway.h"
#include "net/random.h"
#include "tests/lab/memory_socket.h"
#include "tests/lab/signing.h"
#include "wire/ssm/client_channel.h"
#include "wire/ssm/mux.h"
#include "wire/ssm/payloads.h"

namespace passport::lab {

namespace asio = net::asio;
using wire::ssm::ClientChannel;

inline constexpr char kInstance[] = "i-00000000000000001";
inline constexpr char kSilent[] = "i-00000000000000002";
inline constexpr char kOld[] = "i-00000000000000003";
inline constexpr char kReal[] = "i-00000000000000004";

/// A client of a session: channel and websocket, driven until the test is content.
struct TestClient {
  TestClient(const asio::any_io_executor& executor, std::string token)
      : channel({.token = Secret(std::move(token)),
                 .client_id = "00000000-0000-4000-8000-000000000001",
                 .clock = net::clock_now(),
                 .first_bytes_hold = {}},
                net::random_uuids(), std::chrono::steady_clock::now()),
        wake(executor) {}

  ClientChannel channel;
  std::shared_ptr<MemorySocket> socket;
  net::Event wake;
  std::string to_send;
  std::string received;
};

inline net::Task<void> read_into(std::shared_ptr<TestClient> client,
                                 std::shared_ptr<MemorySocket> socket) {
  wire::WebSocketMessage message;
  while (co_await socket->read(message)) {
    EXPECT_TRUE(client->channel.receive(message, std::chrono::steady_clock::now()));
    client->received += as_text(client->channel.readable());
    client->channel.consume(client->channel.readable().size());
    client->wake.notify();
  }
}

inline net::Task<void> drive(std::shared_ptr<TestClient> client,
                             std::shared_ptr<MemorySocket> socket) {
  std::vector<wire::WebSocketMessage> one(1);
  while (client->socket == socket && !socket->closed().reason.size()) {
    const auto now = std::chrono::steady_clock::now();
    EXPECT_TRUE(client->channel.on_timer(now));
    const auto taken = client->channel.send(as_bytes(client->to_send), now);
    client->to_send.erase(0, taken);
    while (client->channel.next_outgoing(one[0], now)) {
      if (!co_await socket->write(one)) co_return;
    }
    co_await client->wake.wait(net::deadline_in(std::chrono::milliseconds(20)));
  }
}

class GatewayTest : public testing::Test {
 protected:
  GatewayTest()
      : executor(io.get_executor()),
        state("eu-west-1",
              [this](std::span<std::uint8_t> out) {
                for (auto& b : out) b = static_cast<std::uint8_t>(numbers_());
              }),
        gateway(executor, state,
                {1024, [this](const AuditEntry& entry) { audit.push_back(entry); }}) {
    state.endpoint = {.host = "localhost", .port = 1};
    for (const char* id : {kInstance, kSilent, kOld}) {
      KnownInstance instance;
      instance.id = id;
      state.add_instance(instance);
    }
    state.find_instance(kOld)->agent_version = "2.3.600.0";
    state.faults.never_attach = {kSilent};
    KnownInstance real;
    real.id = kReal;
    real.agent = AgentKind::kReal;
    real.online = false;
    state.add_instance(real);
    key.id = state.add_user_key("lab");
    key.secret = state.find_key(key.id)->secret.reveal();
    gateway.add_ports(kInstance, [this](unsigned short port) { return connect_port(port); });
    handlers = gateway.make_handlers();
  }

  net::Task<Result<Fd>> connect_port(unsigned short port) {
    if (port == 1) co_return Error{Errc::kUnavailable, "port 1: connection refused"};
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    server = Fd(ends[1]);
    co_return Fd(ends[0]);
  }

  /// Runs the loop until `done`; fails the test after ten seconds.
  template <class Done>
  void run_until(Done done, int line = __builtin_LINE()) {
    const auto end = net::deadline_in(std::chrono::seconds(10));
    io.restart();
    while (!done() && io.run_one_until(end) > 0) continue;
    ASSERT_TRUE(done()) << "line " << line;
  }

  json::object call(const std::string& operation, json::object body) {
    wire::HttpRequest request{"POST",
                              "/",
                              {{"Host", "localhost:1"},
                               {"Content-Type", "application/x-amz-json-1.1"},
                               {"X-Amz-Target", "AmazonSSM." + operation}},
                              json::serialize(body)};
    sign(request, key, "ssm", "eu-west-1", std::time(nullptr));
    std::optional<json::object> out;
    asio::co_spawn(
        io,
        [&]() -> net::Task<void> {
          const auto answer = co_await handlers.request(request);
          EXPECT_EQ(answer.status, 200) << answer.body;
          out = parse_json_object(answer.body, "answer").value();
        },
        asio::detached);
    run_until([&] { return out.has_value(); });
    return *out;
  }
  json::object start(const char* target, const char* port = "22") {
    auto answer = call("StartSession", {{"Target", target},
                                        {"DocumentName", "AWS-StartSSHSession"},
                                        {"Parameters", {{"portNumber", {port}}}}});
    session_id = find_string(answer, "SessionId");
    return answer;
  }

  json::object start_forward(json::object parameters,
                             std::string_view document = kPortDocument) {
    auto answer = call("StartSession", {{"Target", kInstance},
                                        {"DocumentName", document},
                                        {"Parameters", std::move(parameters)}});
    session_id = find_string(answer, "SessionId");
    return answer;
  }
  /// What an smux session says, to the client's channel.
  static void pass_on(wire::ssm::Mux& mux, TestClient& client) {
    Bytes out;
    mux.next_outgoing(1 << 20, out);
    client.to_send += as_text(out);
    client.wake.notify();
  }
  /// And back. True, for conditions.
  static bool take_in(wire::ssm::Mux& mux, TestClient& client) {
    EXPECT_TRUE(mux.receive(as_bytes(std::exchange(client.received, {})),
                            std::chrono::steady_clock::now()));
    return true;
  }

  /// The client's end of a websocket to that URL's path.
  std::shared_ptr<MemorySocket> open(const std::string& url) {
    auto [near, far] = MemorySocket::make_pair(executor);
    wire::HttpRequest request{"GET", url.substr(url.find("/v1/")), {}, ""};
    asio::co_spawn(io, handlers.websocket(request, std::move(far)), asio::detached);
    return std::shared_ptr<MemorySocket>(std::move(near));
  }
  std::shared_ptr<TestClient> attach(const json::object& session) {
    auto client = std::make_shared<TestClient>(executor, find_string(session, "TokenValue"));
    attach(client, session);
    return client;
  }
  void attach(const std::shared_ptr<TestClient>& client, const json::object& session) {
    client->socket = open(find_string(session, "StreamUrl"));
    asio::co_spawn(io, read_into(client, client->socket), asio::detached);
    asio::co_spawn(io, drive(client, client->socket), asio::detached);
  }
  bool is_open(const std::shared_ptr<TestClient>& client) {
    return client->channel.state() == ClientChannel::State::kOpen && server;
  }
  bool is_closed(const std::shared_ptr<TestClient>& client) {
    return client->channel.state() == ClientChannel::State::kClosed;
  }
  void say(std::string_view text) {
    ASSERT_EQ(::send(server.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  std::string hear() {
    char buffer[65536];
    const auto n = ::recv(server.get(), buffer, sizeof buffer, 0);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
  }
  bool audited(std::string_view action, std::string_view result) {
    return std::any_of(audit.begin(), audit.end(), [&](const AuditEntry& e) {
      return e.action == action && e.result == result && e.session == session_id;
    });
  }
  SessionState session_state() { return state.find_session(session_id)->state; }

  asio::io_context io;
  asio::any_io_executor executor;
  ServiceState state;
  std::vector<AuditEntry> audit;
  Gateway gateway;
  net::HttpHandlers handlers;
  TestKey key;
  Fd server;
  std::string session_id;

 private:
  std::mt19937 numbers_{1};  // NOLINT: the same in every run
};

}  // namespace passport::lab
