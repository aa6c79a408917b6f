// Which passportd, and what for.
#pragma once
#include <string>

#include "api/service_client.h"
#include "aws/settings.h"

namespace passport::proxy {

struct ServiceChoice {
  api::Service service;
  std::string request;  ///< id of the access request
  /// Where the service cannot be reached: the request's region, with AWS credentials of the
  /// user's own. Without a region they are not tried.
  aws::SettingsChoice own{};
};

}  // namespace passport::proxy
