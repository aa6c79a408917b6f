#include "lab/relay_session.h"

#include "tests/lab/gateway_fixture.h"

namespace passport::lab {
namespace {

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
