// Between libssh, which would offer all that an agent holds, and the agent.
#pragma once
#include <atomic>
#include <string>

#include "api/offered_identities.h"
#include "net/fd.h"

namespace passport::api {

class AgentRelay {
 public:
  AgentRelay(std::string agent_socket, OfferedIdentities offered);

  /// libssh's end of a socket, to be given to it once; -1 when none could be made.
  int take_client() { return client_.release(); }
  /// Readable when the client has something to ask; -1 when it has gone.
  int descriptor() const { return server_.get(); }
  /// Answers one message. Waits for the agent, at most kPatience.
  void serve();
  static constexpr int kPatienceS = 10;

  // What became of the signatures that were asked for; from any thread.
  bool agent_missing() const { return agent_missing_; }
  bool agent_refused() const { return agent_refused_; }

 private:
  Bytes ask_agent(ByteView message);

  std::string path_;
  OfferedIdentities offered_;
  net::Fd server_;
  net::Fd client_;
  net::Fd agent_;
  std::atomic<bool> agent_missing_ = false;
  std::atomic<bool> agent_refused_ = false;
};

}  // namespace passport::api
