#include "tests/support/channel_pair.h"

#include <cstdio>
#include <cstdlib>
#include <random>

namespace passport::test {

using wire::WebSocketMessage;

wire::ssm::UuidSource make_uuid_source(std::uint64_t seed) {
  return [random = std::mt19937_64(seed)]() mutable {
    wire::ssm::Uuid uuid{};
    for (auto& byte : uuid) byte = static_cast<std::uint8_t>(random());
    return uuid;
  };
}

std::vector<std::uint64_t> seeds(int fixed) {
  if (const char* seed = std::getenv("PASSPORT_SEED"))
    return {std::strtoull(seed, nullptr, 10)};
  std::vector<std::uint64_t> all;
  for (int i = 1; i <= fixed; ++i) all.push_back(static_cast<std::uint64_t>(i));
  all.push_back(std::random_device()());
  std::printf("seed %llu (repeat with PASSPORT_SEED)\n",
              static_cast<unsigned long long>(all.back()));
  return all;
}

std::string random_text(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random());
  return text;
}

namespace {

wire::ssm::ClientConfig with_token(wire::ssm::ClientConfig config) {
  if (config.token.empty()) config.token = Secret("token");
  return config;
}

}  // namespace

ChannelPair::ChannelPair(Setup setup)
    : client(with_token(setup.client), make_uuid_source(setup.seed),
             Time{} + std::chrono::hours(1)),
      agent(setup.agent, make_uuid_source(setup.seed + 1), Time{} + std::chrono::hours(1)),
      now(Time{} + std::chrono::hours(1)),
      setup_(std::move(setup)),
      up_(setup_.seed),
      down_(setup_.seed + 1) {}

void ChannelPair::send(bool up, const WebSocketMessage& message) {
  if (up ? block_up_ : block_down_) return;
  (up ? up_ : down_).push(up ? setup_.up : setup_.down, message, now);
}

void ChannelPair::deliver(bool up, const WebSocketMessage& message) {
  if (up) {
    if (auto taken = agent.receive(message, now); !taken) agent_error = taken.error();
  } else {
    if (auto taken = client.receive(message, now); !taken && !client_error)
      client_error = taken.error();
  }
}

bool ChannelPair::deliver_next() {
  const bool up = up_.next_due().value_or(Time::max()) < down_.next_due().value_or(Time::max());
  WebSocketMessage message;
  if (!(up ? up_ : down_).pop(message, now)) return false;
  deliver(up, message);
  return true;
}

void ChannelPair::to_client(const WebSocketMessage& message) {
  deliver(false, message);
}

void ChannelPair::provide_keys() {
  if (client.key_wanted() && !key_at_) key_at_ = now + setup_.key_delay;
  if (key_at_ && now >= *key_at_) {
    key_at_.reset();
    if (auto taken = client.provide_key({setup_.data_key, "AQIDBA=="}, now); !taken)
      client_error = taken.error();
  }
  const auto& agents = setup_.agent_data_key.empty() ? setup_.data_key : setup_.agent_data_key;
  if (auto taken = agent.provide_key(agents, now); !taken) agent_error = taken.error();
}

void ChannelPair::pump() {
  for (bool moved = true; moved;) {
    moved = false;
    provide_keys();
    if (!to_upload_.empty()) {
      const auto piece = std::string_view(to_upload_).substr(0, max_stdin_piece);
      const auto n = client.send(as_bytes(piece), now);
      to_upload_.erase(0, n);
      moved |= n > 0;
    }
    if (agent.wants_port() && !port_at_ && !setup_.port_refuses)
      port_at_ = now + setup_.port_delay;
    if (port_at_ && now >= *port_at_) {
      agent.port_connected(now);
      port_at_.reset();
    }
    if (!to_download_.empty()) {
      const auto n = agent.send(as_bytes(to_download_), now);
      to_download_.erase(0, n);
      moved |= n > 0;
    }
    WebSocketMessage out;
    while (client.next_outgoing(out, now)) {
      frames_up += out.bytes.size() > 20 && out.bytes[4] == 'i' ? 1 : 0;
      send(true, out);
      moved = true;
    }
    while (agent.next_outgoing(out, now)) {
      ++frames_down;
      send(false, out);
      moved = true;
    }
    downloaded_ += as_text(client.readable());
    client.consume(client.readable().size());
    Bytes errors;
    client.take_readable_errors(errors);
    downloaded_errors_ += as_text(errors);
    const auto arrived = as_text(agent.readable());
    uploaded_ += arrived;
    if (setup_.port_echoes) to_download_ += arrived;
    agent.consume(arrived.size());
  }
}

bool ChannelPair::run(std::chrono::milliseconds limit, const std::function<bool()>& done) {
  const auto end = now + limit;
  while (true) {
    pump();
    if (done()) return true;
    if (client_error || agent_error) return done();
    auto next = end;
    for (const auto& t : {up_.next_due(), down_.next_due()})
      next = std::min(next, t.value_or(end));
    if (port_at_) next = std::min(next, *port_at_);
    if (key_at_) next = std::min(next, *key_at_);
    if (const auto t = client.next_timeout()) next = std::min(next, *t);
    if (const auto t = agent.next_timeout()) next = std::min(next, *t);
    now = std::max(now, next);
    if (now >= end) return done();
    for (int batch = 0; batch < 64; ++batch) {
      if (!deliver_next()) break;
    }
    if (auto fired = client.on_timer(now); !fired && !client_error)
      client_error = fired.error();
    agent.on_timer(now);
  }
}

void ChannelPair::cut() {
  up_.clear();
  down_.clear();
  client.resume(Secret("token-again"), now);
  agent.resume(now);
}

}  // namespace passport::test
