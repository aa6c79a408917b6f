// Which passportd, and what for.
#pragma once
#include <string>

#include "api/service_client.h"

namespace passport::proxy {

struct ServiceChoice {
  api::Service service;
  std::string request;  ///< id of the access request
};

}  // namespace passport::proxy
