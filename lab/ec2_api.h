// The lab's EC2: DescribeInstances. Pure.
#pragma once
#include "lab/api_call.h"
#include "lab/query.h"

namespace passport::lab {

/// What the query API of EC2 has for Version.
inline constexpr std::string_view kEc2Version = "2016-11-15";

wire::HttpResponse answer_ec2(const ApiCall& call, const QueryItems& parameters);
wire::HttpResponse make_ec2_error(const ServiceState& state, const ApiError& error);

}  // namespace passport::lab
