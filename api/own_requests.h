// The access requests of whoever asks, from passportd.
#pragma once
#include <vector>

#include "api/service_client.h"

namespace passport::api {

/// Those that are not over, each as GET /v1/requests/ID has it, with its instances.
net::Task<Result<std::vector<json::object>>> load_own_requests(ServiceClient& service);

}  // namespace passport::api
