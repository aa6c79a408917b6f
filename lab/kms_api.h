// KMS as the lab speaks it: JSON 1.1 over POST /.
#pragma once
#include <string_view>

#include "base/result.h"
#include "lab/api_call.h"
#include "wire/ssm/agent_channel.h"

namespace passport::lab {

/// Answers `operation`: GenerateDataKey or Decrypt. Errors as AWS spells them.
wire::HttpResponse answer_kms(const ApiCall& call, std::string_view operation,
                              std::string_view body);

/// Decrypt, as the lab's own agents call it for their session. Errors: kDenied, in the words of
/// the real agent.
Result<Secret> decrypt_for_agent(ServiceState& state, const Session& session,
                                 const wire::ssm::KeyOffered& offered, std::int64_t now_unix_s);

}  // namespace passport::lab
