#include "api/offered_identities.h"

#include <algorithm>

#include "wire/ssh/agent_message.h"
#include "wire/ssh/encoding.h"

namespace passport::api {

using wire::ssh::AgentMessage;

std::optional<Bytes> OfferedIdentities::answer(ByteView message) const {
  const auto type = message.empty() ? AgentMessage::kFailure : AgentMessage(message[0]);
  if (type == AgentMessage::kRequestIdentities && message.size() == 1) {
    Bytes out{static_cast<std::uint8_t>(AgentMessage::kIdentitiesAnswer)};
    append_u32(out, static_cast<std::uint32_t>(blobs_.size()));
    for (const auto& blob : blobs_) {
      wire::ssh::append_string(out, blob);
      wire::ssh::append_string(out, "");
    }
    return out;
  }
  if (type == AgentMessage::kSignRequest) {
    ByteReader in(message.subspan(1));
    const auto asked = wire::ssh::read_string(in);
    const auto is_asked = [asked](const Bytes& blob) {
      return std::equal(blob.begin(), blob.end(), asked.begin(), asked.end());
    };
    if (in.ok() && std::any_of(blobs_.begin(), blobs_.end(), is_asked)) return std::nullopt;
  }
  return Bytes{static_cast<std::uint8_t>(AgentMessage::kFailure)};
}

}  // namespace passport::api
