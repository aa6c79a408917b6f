// What a login is shown of an SSH agent: the identities that are meant for it. So a full agent
// never runs into a server's MaxAuthTries. Pure.
#pragma once
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace passport::api {

class OfferedIdentities {
 public:
  /// Blobs of public keys or certificates, the best first.
  explicit OfferedIdentities(std::vector<Bytes> blobs) : blobs_(std::move(blobs)) {}

  /// The answer to a client's message, both without their length; nullopt: it is a signature by
  /// one of them that is asked for, which is the agent's to give.
  std::optional<Bytes> answer(ByteView message) const;

 private:
  std::vector<Bytes> blobs_;
};

}  // namespace passport::api
