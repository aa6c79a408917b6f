#include "proxy/service_cloud.h"

#include <fmt/format.h>

#include "aws/settings.h"
#include "aws/target_fault.h"
#include "base/log.h"
#include "base/text.h"
#include "proxy/aws_cloud.h"
#include "wire/aws/endpoint.h"
#include "wire/aws/identifiers.h"
#include "wire/aws/stream_url.h"

namespace passport::proxy {
ServiceCloud::ServiceCloud(const net::asio::any_io_executor& executor, const net::Outbound& aws,
                           api::ServiceClient service, ServiceChoice choice)
    : executor_(executor),
      aws_(aws),
      service_(std::move(service)),
      choice_(std::move(choice)) {}

Result<std::unique_ptr<Cloud>> ServiceCloud::open(const net::asio::any_io_executor& executor,
                                                  const ServiceChoice& choice) {
  // The region is the session's own; this one is for settings that want any.
  const auto settings = aws::load_settings(aws::process_environment(), {"", "us-east-1", ""});
  if (!settings) return settings.error();
  auto service = api::ServiceClient::open(executor, choice.service, settings->proxies);
  if (!service) return service.error();
  const auto tls = net::TlsContext::client(settings->ca_bundle);
  if (!tls) return tls.error();
  return std::unique_ptr<Cloud>(new ServiceCloud(
      executor, net::Outbound(*tls, settings->proxies), std::move(*service), choice));
}

net::Task<Result<void>> ServiceCloud::prepare(net::Deadline /*deadline*/) {
  const auto token = api::load_token(choice_.service.token_file);
  if (!token) co_return token.error();
  co_return Result<void>();
}

net::Task<Result<json::object>> ServiceCloud::call(std::string path, json::object body,
                                                   net::Deadline deadline) {
  return service_.call("POST", "/v1/requests/" + choice_.request + path, std::move(body),
                       deadline);
}

net::Task<Result<aws::Session>> ServiceCloud::ask_for_session(std::string path,
                                                              json::object body,
                                                              net::Deadline deadline) {
  const auto answer = co_await call(std::move(path), std::move(body), deadline);
  if (!answer) co_return answer.error();
  region_ = find_string(*answer, "region");
  aws::Session session;
  session.session_id = find_string(*answer, "session");
  session.stream_url = find_string(*answer, "stream_url");
  session.token = Secret(find_string(*answer, "token"));
  if (!wire::aws::is_region(region_) || !wire::aws::is_session_id(session.session_id) ||
      session.token.empty())
    co_return Error{Errc::kProtocol, "the service's answer is no session"};
  co_return session;
}

net::Task<Result<aws::Session>> ServiceCloud::start_session(aws::StartSessionRequest request,
                                                            net::Deadline deadline) {
  const auto target = request.target;
  const bool may_do_without = !choice_.own.region.empty();
  const auto half = net::Deadline::clock::now() + (deadline - net::Deadline::clock::now()) / 2;
  json::object body;
  body["instance"] = target;
  auto asked = ask_for_session("/sessions", std::move(body), may_do_without ? half : deadline);
  auto session = co_await std::move(asked);
  if (session) co_return session;
  auto why = session.error();
  if (may_do_without && !service_.answered()) {
    auto starting = start_alone(std::move(request), deadline);
    auto alone = co_await std::move(starting);
    if (alone) {
      log_line(target + ": " + why.detail + ": started with AWS credentials of your own");
      co_return alone;
    }
    why.hint =
        "nor can it be started with AWS credentials of your own: " + alone.error().detail;
  }
  // What is in the way is that the request is not active: trying again does not help.
  const auto code = why.code == Errc::kConflict ? Errc::kDenied : why.code;
  co_return Error{code, target + ": " + why.detail, why.hint};
}

/// As if there were no service: IAM decides.
net::Task<Result<aws::Session>> ServiceCloud::start_alone(aws::StartSessionRequest request,
                                                          net::Deadline deadline) {
  auto own = AwsCloud::open(executor_, choice_.own);
  if (!own) co_return own.error();
  const auto prepared = co_await (*own)->prepare(deadline);
  if (!prepared) co_return prepared.error();
  request.reason = "Passport " + choice_.request + ", whose service did not answer";
  auto session = co_await (*own)->start_session(std::move(request), deadline);
  if (session) own_ = std::move(*own);
  co_return session;
}

/// The service is trusted to say who may, not with where a token goes.
net::Task<Result<Connection>> ServiceCloud::open_stream(aws::Session session,
                                                        net::Deadline deadline) {
  if (own_) co_return co_await own_->open_stream(std::move(session), deadline);
  const auto settings = aws::load_settings(aws::process_environment(), {"", region_, ""});
  if (!settings) co_return settings.error();
  wire::aws::StreamExpectation expected;
  expected.region = region_;
  expected.session_id = session.session_id;
  expected.configured = settings->stream_endpoint();
  expected.replaces = settings->own_gateway;
  const auto address = wire::aws::check_stream_url(session.stream_url, expected);
  if (!address) co_return address.error();
  wire::HttpRequest request;
  request.target = address->target;
  auto websocket = co_await net::WebSocket::connect(executor_, aws_, address->endpoint,
                                                    std::move(request), deadline);
  if (!websocket) co_return websocket.error();
  Connection connection;
  connection.websocket = std::move(*websocket);
  connection.token = std::move(session.token);
  co_return connection;
}

net::Task<Result<Connection>> ServiceCloud::resume(std::string session_id, bool renew,
                                                   net::Deadline deadline) {
  if (own_) co_return co_await own_->resume(std::move(session_id), renew, deadline);
  auto asked = ask_for_session("/sessions/" + session_id + "/resume", {}, deadline);
  auto session = co_await std::move(asked);
  if (!session && session.error().code == Errc::kConflict)  // it has ended, or its request
    co_return Error{Errc::kNotFound, session.error().detail};
  if (!session) co_return session.error();
  co_return co_await open_stream(std::move(*session), deadline);
}

net::Task<void> ServiceCloud::terminate(std::string session_id, net::Deadline deadline) {
  if (own_) co_return co_await own_->terminate(std::move(session_id), deadline);
  auto called = call("/sessions/" + session_id + "/terminate", {}, deadline);
  const auto done = co_await std::move(called);
  if (!done) log(LogLevel::kInfo, "terminate failed: {}", done.error().detail);
}

net::Task<void> ServiceCloud::report(std::string session_id, SessionReport report,
                                     net::Deadline deadline) {
  if (own_) co_return;  // it knows nothing of the session
  json::object body;
  body["bytes_sent"] = report.bytes_sent;
  body["bytes_received"] = report.bytes_received;
  body["resumes"] = report.resumes;
  body["reason"] = report.reason;
  auto called = call("/sessions/" + session_id + "/report", std::move(body), deadline);
  const auto done = co_await std::move(called);
  if (!done) log(LogLevel::kInfo, "report failed: {}", done.error().detail);
}

net::Task<Result<wire::DataKey>> ServiceCloud::data_key(std::string key_id,
                                                        wire::aws::EncryptionContext context,
                                                        net::Deadline deadline) {
  if (own_) co_return co_await own_->data_key(std::move(key_id), std::move(context), deadline);
  co_return Error{Errc::kDenied,
                  "the session is to be encrypted with KMS, which the service "
                  "does not do for others"};
}

net::Task<Error> ServiceCloud::explain(Error failure, std::string target) {
  if (own_) co_return co_await own_->explain(std::move(failure), std::move(target));
  if (failure.detail.find(aws::kNoPortPlugin) == std::string::npos) co_return failure;
  co_return Error{Errc::kUnavailable,
                  fmt::format("{}: its SSM agent is older than {} and cannot carry ssh", target,
                              aws::kPortsSince),
                  "update the agent (Run Command document AWS-UpdateSSMAgent)"};
}

}  // namespace passport::proxy
