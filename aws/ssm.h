// The calls to Systems Manager.
#pragma once
#include <optional>
#include <string>

#include "aws/answer.h"
#include "aws/service_client.h"
#include "net/asio.h"
#include "wire/aws/command_messages.h"
#include "wire/aws/ssm_messages.h"
#include "wire/aws/stream_url.h"

namespace passport::aws {

using wire::aws::CommandInvocation;
using wire::aws::InformationPage;
using wire::aws::InstanceInformation;
using wire::aws::InvocationPage;
using wire::aws::SendCommandRequest;
using wire::aws::Session;
using wire::aws::StartSessionRequest;

/// Systems Manager through `client`, which must outlive it and its calls.
class Ssm {
 public:
  explicit Ssm(ServiceClient& client) : client_(client) {}

  /// While the service throttles it is asked again, for kThrottlePatience in all;
  /// `on_throttled` is called before each wait.
  static constexpr std::chrono::seconds kThrottlePatience{180};
  net::Task<Answer<Session>> start_session(StartSessionRequest request, net::Deadline deadline,
                                           std::function<void()> on_throttled = {});
  /// Errors: also kProtocol when the answer is for another session.
  net::Task<Answer<Session>> resume_session(std::string session_id, net::Deadline deadline);
  net::Task<Answer<void>> terminate_session(std::string session_id, net::Deadline deadline);
  /// Empty: Systems Manager does not know the instance.
  net::Task<Answer<std::optional<InstanceInformation>>> describe_instance(
      std::string instance_id, net::Deadline deadline);
  /// One page about at most wire::aws::kMaxInformed, from its token on; those that Systems
  /// Manager does not know are not in it.
  net::Task<Answer<InformationPage>> describe_instances(std::vector<std::string> instance_ids,
                                                        std::string next_token,
                                                        net::Deadline deadline);

  /// The command's id. A call whose answer was lost is repeated, and so may the command be.
  /// While the service throttles it is asked again, for kThrottlePatience in all.
  net::Task<Answer<std::string>> send_command(SendCommandRequest request,
                                              net::Deadline deadline,
                                              std::function<void()> on_throttled = {});
  /// One page, from its token on; the first from an empty one. Right after send_command() not
  /// every invocation need be there.
  net::Task<Answer<InvocationPage>> list_command_invocations(std::string command_id,
                                                             std::string next_token,
                                                             net::Deadline deadline);
  /// With more of the output. Errors: kNotFound also while the command is new.
  net::Task<Answer<CommandInvocation>> get_command_invocation(std::string command_id,
                                                              std::string instance_id,
                                                              net::Deadline deadline);
  /// On all its instances when none is named. What has begun may well come to its end.
  net::Task<Answer<void>> cancel_command(std::string command_id,
                                         std::vector<std::string> instance_ids,
                                         net::Deadline deadline);

  /// Where the session's data channel is, when its URL may be trusted with the token: see
  /// wire::aws::check_stream_url.
  Result<wire::aws::StreamAddress> check_stream(const Session& session) const;

  /// The session's stream URL, checked, with a signature in it that holds for `life`: whoever
  /// has it and the token needs no credentials.
  net::Task<Result<std::string>> presign_stream(Session session, std::chrono::seconds life,
                                                net::Deadline deadline);

  /// The GET for net::WebSocket::connect, signed unless the URL already is.
  net::Task<Result<wire::HttpRequest>> sign_stream(wire::aws::StreamAddress address,
                                                   net::Deadline deadline);

 private:
  static ServiceCall make_call(std::string action, std::string target, std::string body);
  net::Task<Answer<wire::HttpResponse>> call(std::string action, std::string target,
                                             std::string body, net::Deadline deadline);

  ServiceClient& client_;
};

}  // namespace passport::aws
