// Sessions by the user's own AWS credentials.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "aws/credential_chain.h"
#include "aws/kms.h"
#include "aws/ssm.h"
#include "proxy/cloud.h"

namespace passport::proxy {

/// One account and region, for one process. Not moved once made.
class AwsCloud final : public Cloud {
 public:
  /// Errors: those of the settings and of TLS's trust.
  static Result<std::unique_ptr<Cloud>> open(const net::asio::any_io_executor& executor,
                                             const aws::SettingsChoice& choice);

  void warm_up() override;
  net::Task<Result<void>> prepare(net::Deadline deadline) override;
  std::string start_endpoint() const override {
    return client_.settings().endpoint("ssm").url();
  }
  net::Task<Result<aws::Session>> start_session(aws::StartSessionRequest request,
                                                net::Deadline deadline) override;
  net::Task<Result<Connection>> open_stream(aws::Session session,
                                            net::Deadline deadline) override;
  net::Task<Result<Connection>> resume(std::string session_id, bool renew,
                                       net::Deadline deadline) override;
  net::Task<void> terminate(std::string session_id, net::Deadline deadline) override;
  net::Task<void> report(std::string session_id, SessionReport report,
                         net::Deadline deadline) override;
  net::Task<Result<wire::DataKey>> data_key(std::string key_id,
                                            wire::aws::EncryptionContext context,
                                            net::Deadline deadline) override;
  net::Task<Error> explain(Error failure, std::string target) override;

 private:
  AwsCloud(const net::asio::any_io_executor& executor, const net::Outbound& outbound,
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
