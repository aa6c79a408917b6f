#include "lab/gateway.h"

#include <random>

#include <boost/asio/detached.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/json.h"
#include "net/random.h"
#include "tests/lab/memory_socket.h"
#include "tests/lab/signing.h"
#include "wire/ssm/client_channel.h"
#include "wire/ssm/payloads.h"

namespace passport::lab {
namespace {

namespace asio = net::asio;
using wire::ssm::ClientChannel;

constexpr char kInstance[] = "i-00000000000000001";
constexpr char kSilent[] = "i-00000000000000002";
constexpr char kOld[] = "i-00000000000000003";
constexpr char kReal[] = "i-00000000000000004";

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
  bool reading = true;  ///< false: messages stay in the socket
};

net::Task<void> read_into(std::shared_ptr<TestClient> client,
                          std::shared_ptr<MemorySocket> socket) {
  wire::WebSocketMessage message;
  while (co_await socket->read(message)) {
    EXPECT_TRUE(client->channel.receive(message, std::chrono::steady_clock::now()));
    client->received += as_text(client->channel.readable());
    client->channel.consume(client->channel.readable().size());
    client->wake.notify();
  }
}

net::Task<void> drive(std::shared_ptr<TestClient> client,
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
    state.authority = "localhost:1";
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

TEST_F(GatewayTest, CarriesBytesBothWays) {
  const auto client = attach(start(kInstance));
  run_until([&] { return is_open(client); });
  EXPECT_EQ(session_state(), SessionState::kConnected);
  say("hello from the port\n");
  client->to_send = "hello from the client\n";
  std::string heard;
  run_until([&] {
    heard += hear();
    return heard.size() == 22 && client->received.size() == 20;
  });
  EXPECT_EQ(heard, "hello from the client\n");
  EXPECT_EQ(client->received, "hello from the port\n");
}

TEST_F(GatewayTest, ThePortsEndArrivesAfterItsLastByte) {
  const auto client = attach(start(kInstance));
  run_until([&] { return is_open(client); });
  const std::string text(100000, 'x');
  say(text);
  server.reset();
  run_until([&] { return is_closed(client); });
  EXPECT_EQ(client->received, text);
  EXPECT_EQ(client->channel.service_words(), "");
  EXPECT_EQ(session_state(), SessionState::kTerminated);
  EXPECT_TRUE(audited("SessionEnded", "ok"));
}

TEST_F(GatewayTest, TheClientsTerminateFlagEndsTheSession) {
  const auto client = attach(start(kInstance));
  run_until([&] { return is_open(client); });
  client->channel.terminate(std::chrono::steady_clock::now());
  client->wake.notify();
  run_until([&] { return is_closed(client) && session_state() == SessionState::kTerminated; });
  char byte = 0;
  EXPECT_EQ(::recv(server.get(), &byte, 1, 0), 0) << "the port's connection is still open";
}

TEST_F(GatewayTest, TerminateSessionEndsBothSides) {
  const auto client = attach(start(kInstance));
  run_until([&] { return is_open(client); });
  call("TerminateSession", {{"SessionId", session_id}});
  run_until([&] { return is_closed(client); });
  EXPECT_TRUE(audited("ssm:TerminateSession", "ok"));
  char byte = 0;
  EXPECT_EQ(::recv(server.get(), &byte, 1, 0), 0);
  EXPECT_EQ(gateway.find_session(session_id), nullptr);
}

TEST_F(GatewayTest, AWrongOrUsedTokenIsRefused) {
  const auto answer = start(kInstance);
  const auto client = attach(answer);
  run_until([&] { return is_open(client); });
  for (const std::string& token : {find_string(answer, "TokenValue"), std::string("guess")}) {
    const auto socket = open(find_string(answer, "StreamUrl"));
    bool over = false;
    asio::co_spawn(
        io,
        [&]() -> net::Task<void> {
          const std::vector<wire::WebSocketMessage> first(1, {.text = true, .bytes = {}});
          auto frame = first;
          const auto text = wire::ssm::serialize_open_data_channel(
              {"00000000-0000-4000-8000-000000000002", Secret(token),
               "00000000-0000-4000-8000-000000000003", "1.2.764.0", ""});
          append(frame[0].bytes, as_bytes(text));
          co_await socket->write(frame);
          wire::WebSocketMessage message;
          EXPECT_FALSE(co_await socket->read(message));
          over = true;
        },
        asio::detached);
    run_until([&] { return over; });
    EXPECT_EQ(socket->closed().code, 1008u);
    EXPECT_TRUE(audited("ssmmessages:OpenDataChannel", "InvalidToken"));
  }
  EXPECT_TRUE(is_open(client)) << "the session's own client is not disturbed";
}

TEST_F(GatewayTest, AResumedSessionLosesNothing) {
  const auto client = attach(start(kInstance));
  run_until([&] { return is_open(client); });
  say("before ");
  run_until([&] { return client->received == "before "; });
  gateway.find_session(session_id)->drop_client();
  say("while away ");
  client->to_send = "from the client";
  run_until([&] { return session_state() == SessionState::kDisconnected; });
  const auto resumed = call("ResumeSession", {{"SessionId", session_id}});
  client->channel.resume(Secret(find_string(resumed, "TokenValue")),
                         std::chrono::steady_clock::now());
  attach(client, resumed);
  say("after");
  std::string heard;
  run_until([&] {
    heard += hear();
    return client->received == "before while away after" && heard == "from the client";
  });
}

TEST_F(GatewayTest, APortThatDoesNotReadHoldsTheClientBack) {
  const auto client = attach(start(kInstance));
  run_until([&] { return is_open(client); });
  const std::size_t size = 8 << 20;
  client->to_send = std::string(size, 'u');
  // The port reads nothing: the client's bytes stop somewhere on the way.
  const auto still = net::deadline_in(std::chrono::milliseconds(300));
  run_until([&] { return std::chrono::steady_clock::now() > still; });
  EXPECT_GT(client->to_send.size(), size / 4);
  std::size_t heard = 0;
  run_until([&] {
    heard += hear().size();
    client->wake.notify();
    return heard == size;
  });
}

TEST_F(GatewayTest, RefusedPortLeavesDataUnacknowledged) {
  const auto client = attach(start(kInstance, "1"));
  run_until([&] { return client->channel.state() == ClientChannel::State::kOpen; });
  client->to_send = "anyone?";
  const auto still = net::deadline_in(std::chrono::milliseconds(100));
  run_until([&] { return std::chrono::steady_clock::now() > still; });
  EXPECT_FALSE(client->channel.drained());
  EXPECT_FALSE(is_closed(client));
}

TEST_F(GatewayTest, FaultsOfAgents) {
  const auto silent = attach(start(kSilent));
  const auto still = net::deadline_in(std::chrono::milliseconds(50));
  run_until([&] { return std::chrono::steady_clock::now() > still; });
  EXPECT_EQ(silent->channel.state(), ClientChannel::State::kAttaching);

  const auto old = attach(start(kOld));
  run_until([&] { return is_closed(old); });
  EXPECT_TRUE(
      old->channel.service_words().starts_with("Plugin with name Port is not supported"));
}

TEST_F(GatewayTest, TheServiceEndsASessionWithItsWords) {
  state.faults.close_after = std::chrono::milliseconds(1);
  state.faults.close_words = "maintenance";
  const auto client = attach(start(kInstance));
  run_until([&] { return is_closed(client); });
  EXPECT_EQ(client->channel.service_words(), "maintenance");
  EXPECT_TRUE(audited("SessionEnded", "maintenance"));
}

TEST_F(GatewayTest, PausesTheAgent) {
  const auto client = attach(start(kInstance));
  run_until([&] { return is_open(client); });
  gateway.find_session(session_id)->pause_client(true);
  run_until([&] { return client->channel.paused(); });
  gateway.find_session(session_id)->pause_client(false);
  run_until([&] { return !client->channel.paused(); });
  gateway.find_session(session_id)->pause_agent(true);
  say("held up");
  const auto still = net::deadline_in(std::chrono::milliseconds(50));
  run_until([&] { return std::chrono::steady_clock::now() > still; });
  EXPECT_EQ(client->received, "");
  gateway.find_session(session_id)->pause_agent(false);
  run_until([&] { return client->received == "held up"; });
}

/// A real agent's control channel, as far as a session needs it.
class RealAgentTest : public GatewayTest {
 protected:
  wire::WebSocketMessage open_frame(std::string token, std::string instance) {
    wire::WebSocketMessage out{.text = true, .bytes = {}};
    append(out.bytes, as_bytes(wire::ssm::serialize_open_data_channel(
                          {"00000000-0000-4000-8000-000000000004", Secret(std::move(token)), "",
                           "", std::move(instance)})));
    return out;
  }
  net::Task<void> read_control() {
    wire::WebSocketMessage message;
    while (co_await control->read(message)) control_messages.push_back(message);
  }
  void connect_control() {
    control =
        open(std::string("/v1/control-channel/") + kReal + "?role=subscribe&stream=input");
    asio::co_spawn(
        io,
        [this]() -> net::Task<void> {
          const std::vector<wire::WebSocketMessage> frames(
              1, open_frame(state.issue_control_token(kReal), ""));
          co_await control->write(frames);
          co_await read_control();
        },
        asio::detached);
    run_until([&] { return state.find_instance(kReal)->online; });
  }
  std::string control_type(std::size_t i) {
    return std::string(
        wire::ssm::parse_agent_message(control_messages.at(i).bytes)->message_type);
  }
  void send(const std::shared_ptr<MemorySocket>& socket, wire::WebSocketMessage message) {
    asio::co_spawn(
        io,
        [socket, message]() -> net::Task<void> {
          const std::vector<wire::WebSocketMessage> frames(1, message);
          co_await socket->write(frames);
        },
        asio::detached);
  }

  std::shared_ptr<MemorySocket> control;
  std::vector<wire::WebSocketMessage> control_messages;
};

TEST_F(RealAgentTest, IsAskedRelayedAndEnded) {
  connect_control();
  const auto client = attach(start(kReal));
  run_until([&] { return !control_messages.empty(); });
  ASSERT_EQ(control_type(0), "interactive_shell");
  const auto asked = wire::ssm::parse_agent_message(control_messages[0].bytes);
  const auto outer = parse_json_object(as_text(asked->payload), "payload").value();
  const auto content = parse_json_object(find_string(outer, "Content"), "content").value();
  EXPECT_EQ(find_string(content, "SessionId"), session_id);
  EXPECT_EQ(find_string(*find_object(content, "Parameters"), "portNumber"), "22");
  EXPECT_EQ(find_string(*find_object(content, "DocumentContent"), "sessionType"), "Port");

  // The agent's half, with a websocket of its own.
  wire::ssm::AgentConfig config;
  config.session_id = session_id;
  wire::ssm::AgentChannel agent(config, net::random_uuids(), std::chrono::steady_clock::now());
  const auto data = open("/v1/data-channel/" + session_id + "?role=publish_subscribe");
  send(data, open_frame(state.issue_agent_token(session_id), kReal));
  const auto pump = [&] {
    const auto now = std::chrono::steady_clock::now();
    wire::WebSocketMessage out;
    while (agent.next_outgoing(out, now)) send(data, out);
    if (agent.wants_port()) agent.port_connected(now);
  };
  asio::co_spawn(
      io,
      [&]() -> net::Task<void> {
        wire::WebSocketMessage message;
        while (co_await data->read(message)) {
          EXPECT_TRUE(agent.receive(message, std::chrono::steady_clock::now()));
          pump();
        }
      },
      asio::detached);
  pump();
  run_until([&] { return client->channel.state() == ClientChannel::State::kOpen; });
  agent.send(as_bytes("from a real agent"), std::chrono::steady_clock::now());
  pump();
  run_until([&] { return client->received == "from a real agent"; });

  wire::ssm::AgentMessage complete;
  complete.message_type = "agent_task_complete";
  complete.message_id = net::random_uuids()();
  const auto payload = json::serialize(json::object{{"SchemaVersion", 1},
                                                    {"TaskId", session_id},
                                                    {"Topic", "agent_task_complete"},
                                                    {"FinalTaskStatus", "Success"},
                                                    {"Output", "bye"}});
  complete.payload = as_bytes(payload);
  wire::WebSocketMessage frame;
  wire::ssm::serialize_agent_message(complete, frame.bytes);
  send(control, frame);
  run_until([&] { return is_closed(client) && control_messages.size() == 2; });
  EXPECT_EQ(client->channel.service_words(), "bye");
  ASSERT_EQ(control_type(1), "agent_task_acknowledge");
  const auto acknowledge = wire::ssm::parse_agent_message(control_messages[1].bytes);
  EXPECT_EQ(
      find_string(parse_json_object(as_text(acknowledge->payload), "ack").value(), "MessageId"),
      wire::ssm::encode_uuid(complete.message_id));
}

TEST_F(RealAgentTest, IsOfflineWithoutItsControlChannel) {
  connect_control();
  control->abort();
  run_until([&] { return !state.find_instance(kReal)->online; });
}

TEST_F(RealAgentTest, OfAnotherInstanceIsRefused) {
  connect_control();
  start(kReal);
  const auto data = open("/v1/data-channel/" + session_id + "?role=publish_subscribe");
  send(data, open_frame(state.issue_agent_token(session_id), kInstance));
  run_until([&] { return data->closed().code == 1008; });
}

}  // namespace
}  // namespace passport::lab
