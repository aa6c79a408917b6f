// A client's and an agent's half of a data channel, back to back in memory, under faults and on
// a clock moved by hand.
#pragma once
#include <functional>
#include <string>

#include "lab/path_faults.h"
#include "wire/ssm/agent_channel.h"
#include "wire/ssm/client_channel.h"

namespace passport::test {

/// What a direction does to frames; delays reorder them.
using Faults = lab::PathFaults;

/// Uuids from a seed.
wire::ssm::UuidSource make_uuid_source(std::uint64_t seed);

/// Seeds of a randomised test: a few fixed ones and a new one each run, or PASSPORT_SEED alone.
/// Prints the new one.
std::vector<std::uint64_t> seeds(int fixed);

std::string random_text(std::size_t size, std::uint64_t seed);

class ChannelPair {
 public:
  using Time = wire::ssm::Time;

  struct Setup {
    std::uint64_t seed = 1;
    Faults up{};
    Faults down{};
    wire::ssm::ClientConfig client{};
    wire::ssm::AgentConfig agent{};
    std::chrono::milliseconds port_delay{0};  ///< from HandshakeComplete to a connected port
    bool port_refuses = false;
    /// What KMS gives to both ends, once either asks; the client's after key_delay.
    Secret data_key = Secret(std::string(wire::kDataKeySize, 'k'));
    Secret agent_data_key{};  ///< when it is not the same
    std::chrono::milliseconds key_delay{0};
    bool port_echoes = false;  ///< what arrives at the port comes back
  };
  explicit ChannelPair(Setup setup);

  void upload(std::string_view bytes) { to_upload_ += bytes; }  ///< the client's stdin
  void download(std::string_view bytes) {
    to_download_ += bytes;
  }  ///< what the port says, once connected
  const std::string& uploaded() const { return uploaded_; }
  const std::string& downloaded() const { return downloaded_; }
  const std::string& downloaded_errors() const { return downloaded_errors_; }

  /// Runs until `done` or until nothing can happen before `limit` of the pair's own time.
  /// False when `done` never came true.
  bool run(std::chrono::milliseconds limit, const std::function<bool()>& done);

  /// The connection breaks: frames on the way are lost, both halves resume.
  void cut();
  /// Stops or lets pass all frames of a direction; those on the way still arrive.
  void block_up(bool on) { block_up_ = on; }
  void block_down(bool on) { block_down_ = on; }
  void to_client(const wire::WebSocketMessage& message);  ///< injects, at once

  wire::ssm::ClientChannel client;
  wire::ssm::AgentChannel agent;
  Time now;
  std::optional<Error> client_error;
  std::optional<Error> agent_error;
  std::size_t max_stdin_piece = 65536;
  std::uint64_t frames_up = 0;    ///< stream data frames the client sent
  std::uint64_t frames_down = 0;  ///< frames the agent sent

 private:
  void pump();
  void send(bool up, const wire::WebSocketMessage& message);
  void deliver(bool up, const wire::WebSocketMessage& message);
  /// Delivers the message that is due first, of both directions; false when none is.
  bool deliver_next();

  Setup setup_;
  lab::FaultyPath up_;
  lab::FaultyPath down_;
  bool block_up_ = false;
  bool block_down_ = false;
  void provide_keys();
  std::optional<Time> port_at_;
  std::optional<Time> key_at_;
  std::string to_upload_, to_download_, uploaded_, downloaded_, downloaded_errors_;
};

}  // namespace passport::test
