#include "api/own_requests.h"

namespace passport::api {

net::Task<Result<std::vector<json::object>>> load_own_requests(ServiceClient& service) {
  auto asking = service.call_again("GET", "/v1/access", {});
  auto answer = co_await std::move(asking);
  if (!answer) co_return answer.error();
  auto* requests = answer->if_contains("requests");
  if (requests == nullptr || !requests->is_array())
    co_return Error{Errc::kProtocol, "the service's answer has no list of requests"};
  std::vector<json::object> out;
  for (auto& item : requests->get_array()) {
    auto* request = item.if_object();
    if (request == nullptr)
      co_return Error{Errc::kProtocol, "the service's answer has a request that is no object"};
    out.push_back(std::move(*request));
  }
  co_return out;
}

}  // namespace passport::api
