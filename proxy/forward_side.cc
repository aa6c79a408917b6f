#include "proxy/forward_side.h"

#include <csignal>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "net/peer.h"
#include "wire/ssm/mux.h"
#include "wire/ssm/payloads.h"

namespace passport::proxy {
namespace {

using State = wire::ssm::ClientChannel::State;

/// The first agent that forwards to other hosts.
constexpr std::string_view kRemoteHostSince = "3.1.1374.0";

/// For programs to read what came before the session's end.
constexpr std::chrono::seconds kCloseTimeout{3};
constexpr std::chrono::milliseconds kCloseCheckEvery{50};

/// Another user must not fill our user's terminal.
constexpr std::chrono::seconds kRefusalEvery{1};

std::string describe_entrance(const ForwardSpec& spec, const net::Listener& listener) {
  return spec.path.empty() ? join_host_port(spec.bind, listener.port()) : spec.path;
}

std::string make_json_line(const ForwardSpec& spec, const net::Listener& listener) {
  boost::json::object line;
  if (spec.path.empty()) {
    line["address"] = spec.bind;
    line["port"] = listener.port();
  } else {
    line["path"] = spec.path;
  }
  line["remoteHost"] = spec.host.empty() ? "localhost" : spec.host;
  line["remotePort"] = spec.remote_port;
  return boost::json::serialize(line);
}

std::string make_plugin_lines(const std::string& session_id, unsigned short port) {
  return fmt::format(
      "\nStarting session with SessionId: {0}\nPort {1} opened for sessionId {0}.\n"
      "Waiting for connections...\n",
      session_id, port);
}

void say(std::string_view text) {
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0)
    log(LogLevel::kInfo, "standard output is closed");
}

}  // namespace

Result<std::unique_ptr<ForwardSide>> ForwardSide::listen(
    const net::asio::any_io_executor& executor, ForwardConfig config) {
  std::unique_ptr<ForwardSide> side(new ForwardSide(std::move(config)));
  for (const auto& spec : side->config_.specs) {
    auto listener = spec.path.empty() ? net::Listener::tcp(executor, spec.bind, spec.port)
                                      : net::Listener::unix_socket(executor, spec.path);
    if (!listener) return listener.error();
    side->entrances_.push_back({spec, std::move(*listener)});
  }
  return side;
}

ForwardSide::~ForwardSide() = default;

void ForwardSide::start(Link& link) {
  link_ = &link;
  link.spawn(take());
  link.spawn(give());
}

void ForwardSide::stop() {
  for (auto& entrance : entrances_) entrance.listener->cancel();
  if (mode_) mode_->stop();
}

net::Task<void> ForwardSide::take() {
  const auto& channel = link_->channel();
  while (!link_->stopped()) {
    if (mode_) mode_->take_bytes();
    if (channel.state() == State::kClosed && !close_until_)
      close_until_ = std::chrono::steady_clock::now() + kCloseTimeout;
    const bool late = close_until_ && std::chrono::steady_clock::now() >= *close_until_;
    if (close_until_ && (late || !has_output())) {
      if (channel.service_words().empty()) {
        link_->end(
            LinkEnd::Cause::kFailed,
            Error{Errc::kUnavailable, "the session has ended, and its forwards with it"});
      }
      link_->end(LinkEnd::Cause::kPeer);
      break;
    }
    co_await link_->incoming().wait();
  }
}

net::Task<void> ForwardSide::give() {
  while (!link_->stopped()) {
    if (!mode_ && link_->channel().state() == State::kOpen) open();
    if (mode_) mode_->give_bytes();
    co_await link_->room().wait();
  }
}

void ForwardSide::open() {
  if (auto good = check_agent(); !good)
    return link_->end(LinkEnd::Cause::kFailed, good.error());
  const auto& version = link_->channel().agent_version();
  const bool mux = wire::ssm::compare_versions(version, wire::ssm::kMuxSince) >= 0;
  if (!mux) {
    log_line(fmt::format("{}: one connection at a time: the SSM agent {} is older than {}",
                         remote(), version, wire::ssm::kMuxSince));
  }
  mode_ = mux ? make_mux_forward(*link_, remote()) : make_single_forward(*link_);
  announce();
  for (auto& entrance : entrances_) link_->spawn(accept(*entrance.listener));
}

Result<void> ForwardSide::check_agent() const {
  const auto& channel = link_->channel();
  if (!channel.is_forward())
    return Error{Errc::kProtocol, "asked for a forward, was offered another kind of session"};
  if (config_.specs.front().host.empty()) return {};
  if (wire::ssm::compare_versions(channel.agent_version(), kRemoteHostSince) >= 0) return {};
  return Error{
      Errc::kUnavailable,
      fmt::format("its SSM agent {} is older than {} and cannot forward to other hosts",
                  channel.agent_version(), kRemoteHostSince),
      "update the agent (Run Command document AWS-UpdateSSMAgent)"};
}

void ForwardSide::announce() const {
  std::string lines;
  for (const auto& [spec, listener] : entrances_) {
    if (!config_.plugin_session.empty()) {
      lines += make_plugin_lines(config_.plugin_session, listener->port());
      continue;
    }
    lines += config_.json ? make_json_line(spec, *listener)
                          : describe_entrance(spec, *listener) + " -> " + remote();
    lines += '\n';
  }
  say(lines);
}

/// How a forward of session-manager-plugin is ended, and ends well.
bool ForwardSide::take_signal(int signal) {
  if (config_.plugin_session.empty() || signal != SIGINT) return false;
  say(fmt::format(
      "Terminate signal received, exiting.\n\n\nExiting session with sessionId: {}.\n\n",
      config_.plugin_session));
  link_->end(LinkEnd::Cause::kLocal);
  return true;
}

net::Task<void> ForwardSide::accept(net::Listener& listener) {
  while (!link_->stopped()) {
    const int socket = co_await listener.accept();
    if (socket < 0) break;
    if (admits(socket)) {
      mode_->add(socket);
    } else {
      ::close(socket);
    }
  }
}

/// The same user, or root, who can become it.
bool ForwardSide::admits(int socket) {
  if (config_.any_user) return true;
  const auto peer = net::find_peer(socket);
  if (peer.kind == net::Peer::Kind::kUnknown || peer.user == ::geteuid() ||
      (peer.user == 0 && peer.kind == net::Peer::Kind::kHere))
    return true;
  const auto now = std::chrono::steady_clock::now();
  if (now - refusal_told_ < kRefusalEvery) return false;
  refusal_told_ = now;
  if (peer.kind == net::Peer::Kind::kGone) {
    log_line(fmt::format("{}: a connection was closed before its user could be told: refused",
                         remote()));
  } else {
    log_line(fmt::format("{}: a connection of user {} is refused (--any-user lets all in)",
                         remote(), peer.user));
  }
  return false;
}

void ForwardSide::on_timer(net::Deadline now) {
  if (mode_) mode_->on_timer(now);
}

net::Deadline ForwardSide::next_deadline(net::Deadline now) const {
  if (close_until_) return std::min(*close_until_, now + kCloseCheckEvery);
  return mode_ ? mode_->next_deadline(now) : net::Deadline::max();
}

}  // namespace passport::proxy
