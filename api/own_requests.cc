#include "api/own_requests.h"

namespace passport::api {

net::Task<Result<std::vector<json::object>>> load_own_requests(ServiceClient& service) {
  auto asked = service.call_again("GET", "/v1/token", {});
  const auto who = co_await std::move(asked);
  if (!who) co_return who.error();
  auto listing = service.call_again("GET", "/v1/requests", {});
  const auto listed = co_await std::move(listing);
  if (!listed) co_return listed.error();
  const auto user = find_string(*who, "user");
  std::vector<json::object> out;
  const auto* requests = find_array(*listed, "requests");
  for (const auto& item : requests != nullptr ? *requests : json::array()) {
    const auto* request = item.if_object();
    if (request == nullptr || find_string(*request, "owner") != user ||
        request->contains("finished_at"))
      continue;
    auto showing = service.call_again("GET", "/v1/requests/" + find_string(*request, "id"), {});
    auto shown = co_await std::move(showing);
    if (!shown) co_return shown.error();
    out.push_back(std::move(*shown));
  }
  co_return out;
}

}  // namespace passport::api
