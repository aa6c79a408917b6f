// Calls of passportd's API.
#pragma once
#include <string>

#include "base/json.h"
#include "base/secret.h"
#include "net/http_client.h"
#include "wire/proxy_rule.h"

namespace passport::api {

inline constexpr std::chrono::seconds kCallTime{60};
/// Bytes of an answer: GET /v1/access with 10,000 instances, each with the largest labels that
/// passportd lets through, is two thirds of that.
inline constexpr std::size_t kMaxAnswer = 64 << 20;

/// Which passportd, and as whom.
struct Service {
  std::string url;         ///< "https://passport.example.com:8443"
  std::string token_file;  ///< read anew for each call
  std::string ca_file;     ///< PEM; empty: the system's
};

/// Errors: kConfig, without what stands before an '@' in it.
Result<wire::Endpoint> find_endpoint(const Service& service);

/// Errors: kDenied: there is no token in it.
Result<Secret> load_token(const std::string& path);

class ServiceClient {
 public:
  /// Errors: kConfig: the URL, or whom to trust.
  static Result<ServiceClient> open(const net::asio::any_io_executor& executor,
                                    const Service& service, const wire::ProxyRule& proxies);

  /// `path`: from "/v1" on. A POST has `body`. Errors: in the service's own words, with the
  /// Errc of its status; kUnavailable, kTimeout: those of net::HttpClient; those of
  /// load_token().
  net::Task<Result<json::object>> call(std::string method, std::string path, json::object body,
                                       net::Deadline deadline,
                                       std::string idempotency_key = "");

  /// For calls that may be said twice: call(), up to kTries times when there is no answer.
  static constexpr int kTries = 3;
  net::Task<Result<json::object>> call_again(std::string method, std::string path,
                                             json::object body,
                                             std::string idempotency_key = "");

  /// Whatever is called ends at `last`, whatever deadline of its own it has.
  void end_calls_at(net::Deadline last) { last_ = last; }

  /// Whether the service has answered the last call, whatever it said.
  bool answered() const { return answered_; }

  std::string url() const { return endpoint_.url(); }

 private:
  ServiceClient(net::HttpClient client, wire::Endpoint endpoint, std::string token_file)
      : client_(std::move(client)),
        endpoint_(std::move(endpoint)),
        token_file_(std::move(token_file)) {}

  net::HttpClient client_;
  wire::Endpoint endpoint_;
  std::string token_file_;
  net::Deadline last_ = net::Deadline::max();
  bool answered_ = false;
};

}  // namespace passport::api
