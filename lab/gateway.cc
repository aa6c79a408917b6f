#include "lab/gateway.h"

#include <algorithm>
#include <charconv>

#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "lab/kms_api.h"
#include "lab/mux_plugin.h"
#include "lab/relay_session.h"
#include "lab/service.h"
#include "net/random.h"
#include "net/watchdog.h"
#include "wire/ssm/mux.h"
#include "wire/ssm/payloads.h"

namespace passport::lab {
namespace asio = net::asio;
namespace {

constexpr std::chrono::seconds kOpenDeadline{10};  // for the first frame of a websocket
constexpr std::chrono::seconds kCloseDeadline{2};
constexpr std::chrono::seconds kAgentAnswer{3};  // before an agent is asked once more
constexpr std::chrono::seconds kSweepInterval{30};
/// A session without a client ends after this, as by the service's idle limit.
constexpr std::chrono::minutes kDetachedLimit{20};
constexpr unsigned kPolicyViolation = 1008;
/// The first agent that can carry a port (amazon-ssm-agent RELEASENOTES, 2.3.672.0).
constexpr std::string_view kFirstPortAgent = "2.3.672.0";
/// The first client that is given smux (agent/session/plugins/port/port.go).
constexpr std::string_view kFirstMuxClient = "1.1.70";

constexpr std::string_view kOldAgentWords =
    "Plugin with name Port is not supported by this version of ssm agent, please update to "
    "latest "
    "version";

FrameStamp make_stamp() {
  return {net::random_uuids()(), net::clock_now().unix_ms};
}

unsigned short parse_port(const std::string& text) {
  unsigned short port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

/// The text of the first frame, within kOpenDeadline; empty when none comes.
net::Task<std::string> read_open_frame(net::WebSocket& websocket) {
  wire::WebSocketMessage first;
  const net::Watchdog watchdog(co_await asio::this_coro::executor,
                               net::deadline_in(kOpenDeadline), [&] { websocket.abort(); });
  if (!co_await websocket.read(first) || !first.text) co_return std::string();
  co_return std::string(as_text(first.bytes));
}

net::Task<void> refuse(net::WebSocket& websocket, std::string reason) {
  co_await websocket.close(kPolicyViolation, std::move(reason),
                           net::deadline_in(kCloseDeadline));
}

}  // namespace

struct Gateway::ControlChannel {
  std::shared_ptr<MessageLink> link;
  std::deque<wire::WebSocketMessage> outgoing;

  void send(wire::WebSocketMessage message) {
    constexpr std::size_t kMaxOutgoing = 1000;
    if (outgoing.size() >= kMaxOutgoing) return;
    outgoing.push_back(std::move(message));
    link->outgoing.notify();
  }
};

Gateway::Gateway(asio::any_io_executor executor, ServiceState& state, GatewayConfig config)
    : executor_(std::move(executor)),
      state_(state),
      config_(std::move(config)),
      sockets_(executor_, state.faults),
      commands_(executor_, state) {
  asio::co_spawn(executor_, sweep(), asio::detached);
}

Gateway::~Gateway() = default;

void Gateway::add_ports(const std::string& instance_id, PortDialer dial) {
  ports_[instance_id] = std::move(dial);
}

void Gateway::add_shells(const std::string& instance_id, ShellDialer dial) {
  shells_[instance_id] = std::move(dial);
}

net::HttpHandlers Gateway::make_handlers() {
  return {
      [this](wire::HttpRequest request) { return answer(std::move(request)); },
      [this](const wire::HttpRequest& request) { return decide_upgrade(request); },
      [this](wire::HttpRequest request, std::unique_ptr<net::WebSocket> websocket) {
        return run_websocket(std::move(request), std::move(websocket));
      },
  };
}

void Gateway::flush_audit() {
  for (const auto& entry : state_.take_audit()) {
    if (config_.write_audit) config_.write_audit(entry);
  }
}

void Gateway::process_events() {
  for (const auto& event : state_.take_events()) {
    const auto it = sessions_.find(event.session_id);
    switch (event.kind) {
      case SessionEvent::Kind::kStarted:
        open_session(event.session_id);
        break;
      case SessionEvent::Kind::kResumed:
        break;  // the old connection ends when the new one comes
      case SessionEvent::Kind::kTerminated: {
        if (it == sessions_.end()) break;
        const auto session = it->second;
        sessions_.erase(it);
        session->end("");
        break;
      }
    }
  }
}

void Gateway::open_session(const std::string& id) {
  const auto* session = state_.find_session(id);
  if (!session) return;
  auto made = make_session(*session);
  sessions_[id] = made;
  made->start();
}

std::shared_ptr<GatewaySession> Gateway::make_session(const Session& session) {
  SessionHooks hooks{
      [this](const std::string& id, bool connected) {
        state_.set_session_state(
            id, connected ? SessionState::kConnected : SessionState::kDisconnected);
      },
      [this](const std::string& id, const std::string& words) { session_ended(id, words); }};
  const auto* instance = state_.find_instance(session.target);
  if (instance->agent == AgentKind::kReal) {
    auto made = std::make_shared<RelaySession>(executor_, session.id, std::move(hooks));
    asio::co_spawn(executor_, ask_agent(session.id, made), asio::detached);
    return made;
  }
  const bool old = wire::ssm::compare_versions(instance->agent_version, kFirstPortAgent) < 0;
  const bool reached =
      find_shell(session) ? shells_.contains(session.target) : ports_.contains(session.target);
  if (old || !reached || state_.faults.never_attach.contains(session.target)) {
    return std::make_shared<SilentSession>(executor_, session.id, std::move(hooks));
  }
  wire::ssm::AgentConfig agent;
  agent.agent_version = instance->agent_version;
  agent.payload_size = config_.agent_payload_size;
  if (const auto shell = find_shell(session)) agent.session_type = shell->type;
  agent.properties = make_properties(session);
  agent.kms_key_id = session.kms_key;
  agent.kms_challenge = state_.session_challenge;
  return std::make_shared<InstanceSession>(executor_, session.id, std::move(hooks),
                                           std::move(agent), make_plugin_source(session),
                                           make_key_decrypter(session.id));
}

KeyDecrypter Gateway::make_key_decrypter(std::string session_id) {
  return [this, session_id](const wire::ssm::KeyOffered& offered) -> Result<Secret> {
    const auto* session = state_.find_session(session_id);
    if (!session) return Error{Errc::kNotFound, "the session has ended"};
    auto key = decrypt_for_agent(state_, *session, offered, now());
    flush_audit();
    return key;
  };
}

/// As the real agent chooses (agent/session/plugins/port/port.go GetSession).
InstancePluginSource Gateway::make_plugin_source(const Session& session) const {
  if (auto shell = find_shell(session)) {
    return [shell = std::move(*shell), dial = shells_.find(session.target)->second](
               InstanceSession& made) { return make_shell_plugin(made, dial, shell); };
  }
  const auto& version = state_.find_instance(session.target)->agent_version;
  const bool forwards = session.forwards();
  const bool knows_smux = wire::ssm::compare_versions(version, wire::ssm::kMuxSince) >= 0;
  return [forwards, knows_smux, connect_to = make_connector(session),
          &faults = std::as_const(state_.faults)](InstanceSession& made) {
    const auto& client = made.channel().client_version();
    if (forwards && knows_smux && wire::ssm::compare_versions(client, kFirstMuxClient) >= 0)
      return make_mux_plugin(made, connect_to);
    return make_port_plugin(made, connect_to,
                            forwards ? PortEnd::kReconnects : PortEnd::kEndsSession, faults);
  };
}

/// The lab's instances reach themselves and, by host name, each other.
PortConnector Gateway::make_connector(const Session& session) const {
  const auto host = session.parameter("host");
  auto ports = ports_.find(session.target);
  if (!host.empty() && host != "localhost" && host != "127.0.0.1") {
    ports = std::find_if(ports_.begin(), ports_.end(), [&](const auto& entry) {
      return state_.find_instance(entry.first)->computer_name == host;
    });
  }
  if (ports == ports_.end()) {
    return [host]() -> net::Task<Result<Fd>> {
      co_return Error{Errc::kNotFound, fmt::format("\"{}\" is no instance of the lab", host)};
    };
  }
  return [dial = ports->second, port = parse_port(session.port())] { return dial(port); };
}

/// A session ended by itself: by its agent, its client or a fault.
void Gateway::session_ended(const std::string& id, const std::string& words) {
  const auto* session = state_.find_session(id);
  if (session && session->state != SessionState::kTerminated) {
    state_.audit(
        {now(), "", "SessionEnded", session->target, id, words.empty() ? "ok" : words});
    state_.end_session(id, now());
  }
  sessions_.erase(id);
  flush_audit();
}

bool Gateway::end_all(const std::string& words) {
  const auto sessions = std::exchange(sessions_, {});
  for (const auto& [id, session] : sessions) session->end(words);
  return !sessions.empty();
}

GatewaySession* Gateway::find_session(const std::string& id) {
  const auto it = sessions_.find(id);
  return it == sessions_.end() ? nullptr : it->second.get();
}

net::Task<void> Gateway::sweep() {
  asio::steady_timer timer(executor_);
  for (;;) {
    timer.expires_after(kSweepInterval);
    co_await timer.async_wait(asio::use_awaitable);
    const auto oldest = std::chrono::steady_clock::now() - kDetachedLimit;
    const auto sessions = sessions_;
    for (const auto& [id, session] : sessions) {
      const auto since = session->detached_since();
      if (since && *since < oldest) session->end("Session timed out: no client was connected");
    }
  }
}

net::Task<void> Gateway::run_websocket(wire::HttpRequest request,
                                       std::unique_ptr<net::WebSocket> websocket) {
  const auto target = parse_channel_target(request.target);
  if (!target) co_return;
  if (target->kind == ChannelTarget::Kind::kControl) {
    co_await run_control_channel(target->id, std::move(websocket));
  } else {
    co_await run_data_channel(target->id, target->cell_number, std::move(websocket));
  }
}

net::Task<void> Gateway::run_data_channel(std::string session_id, std::string cell_number,
                                          std::unique_ptr<net::WebSocket> websocket) {
  websocket =
      sockets_.wrap(std::move(websocket), cell_number.empty() ? FaultySockets::Peer::kAgent
                                                              : FaultySockets::Peer::kClient);
  const auto open = wire::ssm::parse_open_data_channel(co_await read_open_frame(*websocket));
  const bool agent = open && !open->client_instance_id.empty();
  const auto* known = state_.find_session(session_id);
  const bool good =
      open && known &&
      (agent ? open->client_instance_id == known->target &&
                   state_.take_agent_token(session_id, open->token.reveal())
             : state_.take_client_token(session_id, open->token.reveal(), cell_number));
  const auto it = sessions_.find(session_id);
  if (!good || it == sessions_.end()) {
    state_.audit({now(), "", "ssmmessages:OpenDataChannel", known ? known->target : "",
                  session_id, "InvalidToken"});
    flush_audit();
    co_await refuse(*websocket, "the token is not valid for this session");
    co_return;
  }
  const auto session = it->second;
  state_.audit({now(), "", "ssmmessages:OpenDataChannel", known->target, session_id,
                agent ? "agent" : "client"});
  flush_audit();
  if (agent) {
    co_await session->run_agent(std::move(websocket));
    co_return;
  }
  const auto* instance = state_.find_instance(known->target);
  if (instance && wire::ssm::compare_versions(instance->agent_version, kFirstPortAgent) < 0) {
    asio::co_spawn(executor_, close_after(session_id, {}, std::string(kOldAgentWords)),
                   asio::detached);
  }
  if (state_.faults.close_after.count() > 0) {
    asio::co_spawn(
        executor_,
        close_after(session_id, state_.faults.close_after, state_.faults.close_words),
        asio::detached);
  }
  co_await session->run_client(std::move(websocket));
}

net::Task<void> Gateway::close_after(std::string session_id, std::chrono::milliseconds delay,
                                     std::string words) {
  asio::steady_timer timer(executor_, delay);
  co_await timer.async_wait(asio::use_awaitable);
  if (auto* session = find_session(session_id)) session->end(std::move(words));
}

/// Asks a real agent to open its data channel; once more if it does not, for a session that
/// comes right after the agent's start is dropped by it (messageservice.go ModuleExecute).
net::Task<void> Gateway::ask_agent(std::string session_id,
                                   std::weak_ptr<RelaySession> session) {
  asio::steady_timer timer(executor_);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto* known = state_.find_session(session_id);
    const auto relay = session.lock();
    if (!known || !relay || relay->had_agent() || relay->ended()) co_return;
    if (const auto control = controls_.find(known->target); control != controls_.end()) {
      control->second->send(make_interactive_shell(*known, make_stamp()));
    }
    timer.expires_after(kAgentAnswer);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

net::Task<void> Gateway::run_control_channel(std::string instance_id,
                                             std::unique_ptr<net::WebSocket> websocket) {
  const auto open = parse_open_control_channel(co_await read_open_frame(*websocket));
  auto* instance = state_.find_instance(instance_id);
  if (!open || !instance || instance->agent != AgentKind::kReal ||
      !state_.take_control_token(instance_id, open->token.reveal())) {
    co_await refuse(*websocket, "the token is not valid for this instance");
    co_return;
  }
  const auto channel = std::make_shared<ControlChannel>();
  channel->link = std::make_shared<MessageLink>(executor_, std::move(websocket));
  if (const auto old = controls_.find(instance_id); old != controls_.end()) {
    old->second->link->websocket->abort();
  }
  controls_[instance_id] = channel;
  instance->online = true;
  if (!open->agent_version.empty()) instance->agent_version = open->agent_version;
  instance->last_ping_unix_s = now();
  if (instance->registered_unix_s == 0) instance->registered_unix_s = now();
  const auto in_use = [this, instance_id, channel] {
    const auto it = controls_.find(instance_id);
    return it != controls_.end() && it->second == channel;
  };
  asio::co_spawn(executor_,
                 write_link(channel->link, {[channel](wire::WebSocketMessage& out) {
                                              if (channel->outgoing.empty()) return false;
                                              out = std::move(channel->outgoing.front());
                                              channel->outgoing.pop_front();
                                              return true;
                                            },
                                            in_use, [] { return false; }}),
                 asio::detached);
  wire::WebSocketMessage message;
  while (co_await channel->link->websocket->read(message)) {
    receive_control(instance_id, message, *channel);
  }
  if (!in_use()) co_return;
  controls_.erase(instance_id);
  channel->link->outgoing.notify();
  if (auto* lost = state_.find_instance(instance_id)) {
    lost->online = false;
    lost->last_ping_unix_s = now();
  }
}

void Gateway::receive_control(const std::string& instance_id,
                              const wire::WebSocketMessage& message, ControlChannel& channel) {
  const auto parsed = wire::ssm::parse_agent_message(message.bytes);
  if (!parsed || parsed->message_type != "agent_task_complete") return;
  const auto complete = parse_task_complete(parsed->payload);
  if (!complete) return;
  channel.send(make_task_acknowledge(*complete, parsed->message_id, make_stamp()));
  const auto* known = state_.find_session(complete->session_id);
  if (!known || known->target != instance_id) return;
  log(LogLevel::kInfo, "task complete: session={} status={}", complete->session_id,
      complete->status);
  if (auto* session = find_session(complete->session_id)) session->end(complete->output);
}

}  // namespace passport::lab
