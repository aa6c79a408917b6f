// The calls to AWS that a session is made of, with what they stand on.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "aws/credential_chain.h"
#include "aws/kms.h"
#include "aws/ssm.h"
#include "proxy/link.h"

namespace passport::proxy {

/// One account and region, for one process. Not moved once made.
class Cloud {
 public:
  /// Errors: those of the settings and of TLS's trust.
  static Result<std::unique_ptr<Cloud>> open(const net::asio::any_io_executor& executor,
                                             const aws::SettingsChoice& choice);

  /// Begins to connect to where a session will be started and carried, while credentials are
  /// looked for.
  void warm_up();

  net::Task<Result<aws::Credentials>> credentials(net::Deadline deadline) {
    return client_.credentials(deadline);
  }
  /// Whose limit on StartSession it is.
  std::string start_endpoint() const { return client_.settings().endpoint("ssm").url(); }
  /// StartSession; a target that is not connected is explained as far as may be asked.
  net::Task<Result<aws::Session>> start_session(aws::StartSessionRequest request,
                                                net::Deadline deadline);
  /// The websocket of a session just started: its URL is checked before the token can go
  /// there. A connection that breaks before it is open is tried again, the last time by
  /// resume(): the token may have been used.
  net::Task<Result<Connection>> open_stream(aws::Session session, net::Deadline deadline);
  /// ResumeSession, then its websocket. `renew`: with credentials read anew.
  net::Task<Result<Connection>> resume(std::string session_id, bool renew,
                                       net::Deadline deadline);
  net::Task<void> terminate(std::string session_id, net::Deadline deadline);
  /// A key that encrypts this session and no other.
  net::Task<Result<wire::DataKey>> data_key(std::string key_id,
                                            wire::aws::EncryptionContext context,
                                            net::Deadline deadline);
  /// `failure`, or better words for why `target` cannot be reached.
  net::Task<Error> explain(Error failure, std::string target);

 private:
  Cloud(const net::asio::any_io_executor& executor, const net::Outbound& outbound,
        const aws::Settings& settings);

  net::Task<Result<Connection>> connect(aws::Session session, net::Deadline deadline);

  net::asio::any_io_executor executor_;
  net::Outbound outbound_;
  aws::World world_;
  aws::CredentialChain chain_;
  aws::ServiceClient client_;
  aws::Ssm ssm_;
  aws::Kms kms_;
};

}  // namespace passport::proxy
