// The calls to the Security Token Service.
#pragma once
#include <string>

#include "aws/answer.h"
#include "aws/service_client.h"
#include "net/asio.h"
#include "wire/aws/sts_messages.h"

namespace passport::aws {

using wire::aws::AssumeRoleRequest;
using wire::aws::AssumeRoleWithWebIdentityRequest;
using wire::aws::CallerIdentity;

/// The Security Token Service of the region through `client`, which must outlive it and its
/// calls.
class Sts {
 public:
  explicit Sts(ServiceClient& client) : client_(client) {}

  net::Task<Answer<CallerIdentity>> get_caller_identity(net::Deadline deadline);
  net::Task<Answer<wire::aws::IssuedKey>> assume_role(AssumeRoleRequest request,
                                                      net::Deadline deadline);
  /// Needs no credentials: the web identity's token is the proof.
  net::Task<Answer<wire::aws::IssuedKey>> assume_role_with_web_identity(
      AssumeRoleWithWebIdentityRequest request, net::Deadline deadline);

 private:
  ServiceClient& client_;
};

}  // namespace passport::aws
