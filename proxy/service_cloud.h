// Sessions that passportd starts: whoever has its token needs no AWS credentials.
#pragma once
#include "api/service_client.h"
#include "proxy/cloud.h"
#include "proxy/service_choice.h"

namespace passport::proxy {

class ServiceCloud final : public Cloud {
 public:
  /// Errors: kConfig: the URL, or whom to trust.
  static Result<std::unique_ptr<Cloud>> open(const net::asio::any_io_executor& executor,
                                             const ServiceChoice& choice);

  void warm_up() override {}
  net::Task<Result<void>> prepare(net::Deadline deadline) override;
  std::string start_endpoint() const override { return service_.url(); }
  /// The document and its parameters are the service's to choose.
  net::Task<Result<aws::Session>> start_session(aws::StartSessionRequest request,
                                                net::Deadline deadline) override;
  net::Task<Result<Connection>> open_stream(aws::Session session,
                                            net::Deadline deadline) override;
  net::Task<Result<Connection>> resume(std::string session_id, bool renew,
                                       net::Deadline deadline) override;
  net::Task<void> terminate(std::string session_id, net::Deadline deadline) override;
  net::Task<void> report(std::string session_id, SessionReport report,
                         net::Deadline deadline) override;
  /// kDenied: keys of sessions are for those with credentials of their own.
  net::Task<Result<wire::DataKey>> data_key(std::string key_id,
                                            wire::aws::EncryptionContext context,
                                            net::Deadline deadline) override;
  net::Task<Error> explain(Error failure, std::string target) override;

 private:
  ServiceCloud(const net::asio::any_io_executor& executor, const net::Outbound& aws,
               api::ServiceClient service, ServiceChoice choice);

  net::Task<Result<json::object>> call(std::string path, json::object body,
                                       net::Deadline deadline);
  net::Task<Result<aws::Session>> ask_for_session(std::string path, json::object body,
                                                  net::Deadline deadline);

  net::asio::any_io_executor executor_;
  net::Outbound aws_;
  api::ServiceClient service_;
  ServiceChoice choice_;
  net::Task<Result<aws::Session>> start_alone(aws::StartSessionRequest request,
                                              net::Deadline deadline);

  std::string region_;          ///< of the session, as the service says
  std::unique_ptr<Cloud> own_;  ///< the session is not the service's: it could not be reached
};

}  // namespace passport::proxy
