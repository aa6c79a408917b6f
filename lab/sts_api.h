// The Security Token Service as the lab speaks it: query parameters in, XML out.
#pragma once
#include "lab/api_call.h"
#include "lab/query.h"

namespace passport::lab {

/// Answers a signed call.
wire::HttpResponse answer_sts(const ApiCall& call, const QueryItems& parameters);

/// AssumeRoleWithWebIdentity, which is not signed: the token in it is the proof.
wire::HttpResponse answer_web_identity(ServiceState& state, const QueryItems& parameters,
                                       std::int64_t now_unix_s);

wire::HttpResponse make_sts_error(const ServiceState& state, const ApiError& error);

}  // namespace passport::lab
