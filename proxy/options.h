// What the command line of passport-proxy says.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "proxy/forward_spec.h"
#include "proxy/service_choice.h"
#include "wire/ssm/stream.h"

namespace passport::proxy {

struct Options {
  std::string target;  ///< i-… or mi-…
  unsigned short port = 22;
  std::string profile;  ///< empty: as the environment says
  std::string region;   ///< empty: as the environment or the profile says
  std::string document = "AWS-StartSSHSession";
  std::string reason;
  ServiceChoice service;              ///< without a URL: AWS itself
  std::string kms_key;                ///< id, ARN or alias; empty: as the agent says
  std::vector<ForwardSpec> forwards;  ///< instead of standard input and output
  bool any_user = false;              ///< lets other users into the forwards
  bool json = false;                  ///< tells the forwards as JSON
  bool parent_stderr = false;         ///< net::log_to_parent()
  std::size_t payload_size = wire::ssm::kDefaultPayload;
  unsigned start_rate = 0;  ///< starts a second; 0: no limit
  std::chrono::seconds resume_for{
      600};  ///< how long a broken connection is tried to be resumed
};

}  // namespace passport::proxy
