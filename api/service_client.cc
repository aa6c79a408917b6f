#include "api/service_client.h"

#include <fstream>

#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "wire/aws/endpoint.h"

namespace passport::api {
namespace {

constexpr std::size_t kMaxToken = 1024;  ///< bytes

Errc code_for(int status) {
  switch (status) {
    case 400:
      return Errc::kUsage;
    case 401:
      return Errc::kExpired;
    case 403:
      return Errc::kDenied;
    case 404:
      return Errc::kNotFound;
    case 409:
      return Errc::kConflict;
    case 429:
      return Errc::kThrottled;
    case 504:
      return Errc::kTimeout;
    default:
      return status >= 500 ? Errc::kUnavailable : Errc::kProtocol;
  }
}

/// In the service's own words.
Error describe(const wire::HttpResponse& response) {
  const auto body = parse_json_object(response.body, "answer");
  const auto* error = body ? find_object(*body, "error") : nullptr;
  if (error == nullptr)
    return {code_for(response.status),
            "the service answered with status " + std::to_string(response.status)};
  return {code_for(response.status),
          "the service says: " + escape_for_terminal(find_string(*error, "message")),
          escape_for_terminal(find_string(*error, "hint"))};
}

bool may_repeat(const Error& error) {
  return error.code == Errc::kUnavailable || error.code == Errc::kTimeout ||
         error.code == Errc::kThrottled;
}

}  // namespace

Result<Secret> load_token(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  line.reserve(kMaxToken);
  std::getline(file, line);
  Secret token(std::move(line));
  const bool good = !token.empty() && token.reveal().size() <= kMaxToken &&
                    token.reveal().find_first_of(" \t\r") == std::string_view::npos;
  if (!good)
    return Error{Errc::kDenied, escape_for_terminal(path) + ": no token can be read from it",
                 "log in again: passport auth login"};
  return token;
}

Result<wire::Endpoint> find_endpoint(const Service& service) {
  auto endpoint = wire::aws::parse_endpoint(service.url);
  if (endpoint && endpoint->tls) return endpoint;
  return Error{Errc::kConfig, "the service's address is not a URL of https: " +
                                  (endpoint ? endpoint->url() : endpoint.error().detail)};
}

Result<ServiceClient> ServiceClient::open(const net::asio::any_io_executor& executor,
                                          const Service& service,
                                          const wire::ProxyRule& proxies) {
  auto endpoint = find_endpoint(service);
  if (!endpoint) return endpoint.error();
  const auto tls = net::TlsContext::client(service.ca_file);
  if (!tls) return tls.error();
  net::HttpClient client(executor, net::Outbound(*tls, proxies), kMaxAnswer);
  return ServiceClient(std::move(client), std::move(*endpoint), service.token_file);
}

net::Task<Result<json::object>> ServiceClient::call(std::string method, std::string path,
                                                    json::object body, net::Deadline deadline,
                                                    std::string idempotency_key) {
  const auto token = load_token(token_file_);
  if (!token) co_return token.error();
  wire::HttpRequest request;
  request.method = std::move(method);
  request.target = endpoint_.path + path;
  request.headers = {{"Authorization", "Bearer " + std::string(token->reveal())}};
  if (!idempotency_key.empty())
    request.headers.emplace_back("Idempotency-Key", std::move(idempotency_key));
  if (request.method == "POST") {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json::serialize(body);
  }
  const auto response =
      co_await client_.send(endpoint_, std::move(request), std::min(deadline, last_));
  answered_ = response.has_value();
  if (!response) co_return response.error();
  if (response->status != 200 && response->status != 201) co_return describe(*response);
  co_return parse_json_object(response->body, "the service's answer", kMaxAnswer);
}

net::Task<Result<json::object>> ServiceClient::call_again(std::string method, std::string path,
                                                          json::object body,
                                                          std::string idempotency_key) {
  for (int tried = 1;; ++tried) {
    auto asked = call(method, path, body, net::deadline_in(kCallTime), idempotency_key);
    auto answer = co_await std::move(asked);
    const std::chrono::seconds pause(tried);
    if (answer || !may_repeat(answer.error()) || tried == kTries ||
        net::deadline_in(pause) >= last_)
      co_return answer;
    net::asio::steady_timer timer(co_await net::asio::this_coro::executor, pause);
    co_await timer.async_wait(net::asio::use_awaitable);
  }
}

}  // namespace passport::api
