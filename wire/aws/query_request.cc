#include "wire/aws/query_request.h"

#include "wire/aws/percent.h"

namespace passport::wire::aws {

HttpRequest make_query_request(std::string_view action, std::string_view version,
                               const QueryFields& fields) {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body.append("Action=").append(action).append("&Version=").append(version);
  for (const auto& [name, value] : fields)
    if (!value.empty())
      request.body.append("&").append(name).append("=").append(encode_percent(value));
  return request;
}

}  // namespace passport::wire::aws
