// What a session is made of, whoever gives it: AWS itself, or passportd.
#pragma once
#include <memory>
#include <string>

#include "aws/kms.h"
#include "aws/ssm.h"
#include "proxy/link.h"

namespace passport::proxy {

class Cloud {
 public:
  virtual ~Cloud() = default;

  /// Begins to connect to where a session will be started and carried.
  virtual void warm_up() = 0;
  /// Finds what proves who asks, before anything is asked for.
  virtual net::Task<Result<void>> prepare(net::Deadline deadline) = 0;
  /// Whose limit on StartSession it is.
  virtual std::string start_endpoint() const = 0;
  /// StartSession; a target that is not connected is explained as far as may be asked.
  virtual net::Task<Result<aws::Session>> start_session(aws::StartSessionRequest request,
                                                        net::Deadline deadline) = 0;
  /// The websocket of a session just started: its URL is checked before the token can go
  /// there. A connection that breaks before it is open is tried again, the last time by
  /// resume(): the token may have been used.
  virtual net::Task<Result<Connection>> open_stream(aws::Session session,
                                                    net::Deadline deadline) = 0;
  /// ResumeSession, then its websocket. `renew`: with credentials read anew.
  virtual net::Task<Result<Connection>> resume(std::string session_id, bool renew,
                                               net::Deadline deadline) = 0;
  virtual net::Task<void> terminate(std::string session_id, net::Deadline deadline) = 0;
  /// Tells how the session went, where somebody keeps that. Nobody waits for it to succeed.
  virtual net::Task<void> report(std::string session_id, SessionReport report,
                                 net::Deadline deadline) = 0;
  /// A key that encrypts this session and no other.
  virtual net::Task<Result<wire::DataKey>> data_key(std::string key_id,
                                                    wire::aws::EncryptionContext context,
                                                    net::Deadline deadline) = 0;
  /// `failure`, or better words for why `target` cannot be reached.
  virtual net::Task<Error> explain(Error failure, std::string target) = 0;
};

}  // namespace passport::proxy
