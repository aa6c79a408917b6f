#include "proxy/link_end.h"

#include <csignal>
#include <cstring>

#include "base/text.h"

namespace passport::proxy {
namespace {

constexpr std::size_t kMaxReason = 200;  ///< bytes

std::string describe_signal(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return "signal " + (name != nullptr ? std::string(name) : std::to_string(signal));
}

std::string describe(const LinkEnd& end, const wire::ssm::ClientChannel* channel) {
  switch (end.cause) {
    case LinkEnd::Cause::kPeer:
      if (channel == nullptr) break;
      if (channel->truncated()) return "closed by the server, with data missing";
      if (!channel->service_words().empty())
        return "closed by AWS: " + channel->service_words();
      return "closed by the server";
    case LinkEnd::Cause::kLocal:
      if (channel != nullptr && channel->input_ended()) return "end of input";
      return "closed by the client";
    case LinkEnd::Cause::kGone:
      return "session gone";
    case LinkEnd::Cause::kFailed:
      break;
  }
  return end.error ? end.error->detail : "failed";
}

}  // namespace

SessionReport make_session_report(const LinkEnd& end, int signal,
                                  const wire::ssm::ClientChannel* channel) {
  SessionReport out;
  if (channel != nullptr) {
    out.bytes_sent = channel->bytes_sent();
    out.bytes_received = channel->bytes_received();
  }
  out.resumes = end.resumes;
  out.reason = escape_for_terminal(
      signal != 0 ? describe_signal(signal) : describe(end, channel), kMaxReason);
  return out;
}

}  // namespace passport::proxy
