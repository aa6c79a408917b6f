#include "aws/ec2.h"

#include "aws/targets.h"

namespace passport::aws {

net::Task<Answer<InstancePage>> Ec2::describe_instances(std::vector<std::string> instance_ids,
                                                        std::string next_token,
                                                        net::Deadline deadline) {
  ServiceCall call;
  call.service = "ec2";
  call.action = "DescribeInstances";
  call.target = name_targets(instance_ids);
  call.request = wire::aws::make_describe_instances(instance_ids, next_token);
  const auto response = co_await client_.call(std::move(call), deadline);
  if (!response) co_return response.failure<InstancePage>();
  auto page = wire::aws::parse_instances(response->body);
  if (!page) co_return Error{Errc::kProtocol, "DescribeInstances: " + page.error().detail};
  co_return std::move(*page);
}

}  // namespace passport::aws
