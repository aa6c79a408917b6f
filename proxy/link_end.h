// How a session came to its end, and what is told of it. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "wire/ssm/client_channel.h"

namespace passport::proxy {

struct LinkEnd {
  enum class Cause {
    kPeer,    ///< the service or the agent closed the channel
    kLocal,   ///< the local side is done, or a signal came
    kGone,    ///< the connection broke, and there is no such session any more
    kFailed,  ///< `error` says why
  };
  Cause cause = Cause::kFailed;
  std::optional<Error> error{};  ///< of kGone and kFailed
  unsigned resumes = 0;          ///< connections after the first
};

/// A session, as this side saw it.
struct SessionReport {
  std::uint64_t bytes_sent = 0;  ///< of the stream that it carried
  std::uint64_t bytes_received = 0;
  unsigned resumes = 0;
  std::string reason;  ///< of its end, in few words, without control characters
};

/// `channel` is null when there was none; `signal` is 0 when none came.
SessionReport make_session_report(const LinkEnd& end, int signal,
                                  const wire::ssm::ClientChannel* channel);

}  // namespace passport::proxy
