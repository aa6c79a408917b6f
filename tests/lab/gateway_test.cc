#include "lab/gateway.h"

#include "tests/lab/gateway_fixture.h"

namespace passport::lab {
namespace {

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

TEST_F(GatewayTest, ForwardsManyConnectionsOverSmux) {
  const auto client = attach(start_forward({{"portNumber", {"80"}}}));
  run_until([&] { return client->channel.state() == ClientChannel::State::kOpen; });
  const std::vector<std::pair<std::string, std::string>> properties = {
      {"portNumber", "80"}, {"localPortNumber", "0"}, {"type", "LocalPortForwarding"}};
  EXPECT_EQ(client->channel.properties(), properties);
  wire::ssm::Mux mux(wire::ssm::Mux::Role::kClient);
  const auto first = mux.open().value();
  mux.send(first, as_bytes("hello"));
  pass_on(mux, *client);
  run_until([&] { return bool(server); });
  std::string heard;
  run_until([&] { return (heard += hear()).size() == 5; });
  EXPECT_EQ(heard, "hello");
  const Fd first_server = std::exchange(server, Fd());
  const auto second = mux.open().value();
  pass_on(mux, *client);
  run_until([&] { return bool(server); });
  say("answer");
  server.reset();
  run_until([&] { return take_in(mux, *client) && mux.ended(second); });
  EXPECT_EQ(as_text(mux.readable(second)), "answer");
  EXPECT_FALSE(mux.ended(first));
  mux.finish(first);
  pass_on(mux, *client);
  run_until([&] { return take_in(mux, *client) && mux.ended(first); });
  char byte = 0;
  EXPECT_EQ(::recv(first_server.get(), &byte, 1, 0), 0) << "the end of one half closes both";
}

TEST_F(GatewayTest, AForwardsRefusalComesBeforeTheEndOfItsStream) {
  const auto client = attach(start_forward({{"portNumber", {"1"}}}));
  run_until([&] { return client->channel.state() == ClientChannel::State::kOpen; });
  wire::ssm::Mux mux(wire::ssm::Mux::Role::kClient);
  const auto id = mux.open().value();
  pass_on(mux, *client);
  run_until([&] { return take_in(mux, *client) && mux.ended(id); });
  EXPECT_EQ(client->channel.take_refusals(), 1U);
  EXPECT_EQ(client->channel.take_refusals(), 0U);
  EXPECT_EQ(session_state(), SessionState::kConnected) << "the session goes on";
}

TEST_F(GatewayTest, AForwardOfAnAgentWithoutSmuxReconnectsWhenDataComes) {
  state.find_instance(kInstance)->agent_version = "3.0.100.0";
  const auto client = attach(start_forward({{"portNumber", {"80"}}}));
  run_until([&] { return is_open(client); });
  for (const char* text : {"one", "two"}) {
    client->to_send = text;
    client->wake.notify();
    std::string heard;
    run_until([&] { return server && (heard += hear()).size() == 3; });
    EXPECT_EQ(heard, text);
    client->channel.disconnect_port();
    client->wake.notify();
    run_until([&] { return client->channel.drained(); });
    char byte = 0;
    run_until([&] { return ::recv(server.get(), &byte, 1, 0) == 0; });
    server.reset();
  }
  EXPECT_EQ(session_state(), SessionState::kConnected);
}

TEST_F(GatewayTest, AForwardReachesOtherInstancesByTheirNames) {
  state.find_instance(kSilent)->computer_name = "lab-2";
  unsigned short reached = 0;
  gateway.add_ports(kSilent, [&](unsigned short port) {
    reached = port;
    return connect_port(port);
  });
  for (const auto& [host, refusals] : {std::pair("lab-2", 0U), std::pair("elsewhere", 1U)}) {
    const auto client = attach(
        start_forward({{"portNumber", {"5432"}}, {"host", {host}}}, kRemoteHostDocument));
    run_until([&] { return client->channel.state() == ClientChannel::State::kOpen; });
    wire::ssm::Mux mux(wire::ssm::Mux::Role::kClient);
    const auto id = mux.open().value();
    mux.send(id, as_bytes("x"));
    pass_on(mux, *client);
    run_until([&] { return take_in(mux, *client) && (server || mux.ended(id)); });
    EXPECT_EQ(client->channel.take_refusals(), refusals) << host;
    server.reset();
  }
  EXPECT_EQ(reached, 5432);
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

}  // namespace
}  // namespace passport::lab
