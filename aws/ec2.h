// The call to EC2.
#pragma once
#include <string>
#include <vector>

#include "aws/answer.h"
#include "aws/service_client.h"
#include "net/asio.h"
#include "wire/aws/ec2_messages.h"

namespace passport::aws {

using wire::aws::InstancePage;

/// EC2 of the region through `client`, which must outlive it and its calls.
class Ec2 {
 public:
  explicit Ec2(ServiceClient& client) : client_(client) {}

  /// One page about at most wire::aws::kMaxDescribed, from its token on; those that EC2 does
  /// not know are not in it.
  net::Task<Answer<InstancePage>> describe_instances(std::vector<std::string> instance_ids,
                                                     std::string next_token,
                                                     net::Deadline deadline);

 private:
  ServiceClient& client_;
};

}  // namespace passport::aws
