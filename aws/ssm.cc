#include "aws/ssm.h"

#include "aws/targets.h"

namespace passport::aws {
namespace {

template <class T>
Answer<T> read_answer(const Answer<wire::HttpResponse>& response, std::string_view action,
                      Result<T> (*parse)(std::string_view body)) {
  if (!response) return response.failure<T>();
  auto parsed = parse(response->body);
  if (!parsed)
    return Error{parsed.error().code, std::string(action) + ": " + parsed.error().detail};
  return std::move(*parsed);
}

}  // namespace

ServiceCall Ssm::make_call(std::string action, std::string target, std::string body) {
  ServiceCall call;
  call.service = "ssm";
  call.action = std::move(action);
  call.target = std::move(target);
  call.request = wire::aws::make_ssm_request(call.action, std::move(body));
  return call;
}

net::Task<Answer<wire::HttpResponse>> Ssm::call(std::string action, std::string target,
                                                std::string body, net::Deadline deadline) {
  return client_.call(make_call(std::move(action), std::move(target), std::move(body)),
                      deadline);
}

net::Task<Answer<Session>> Ssm::start_session(StartSessionRequest request,
                                              net::Deadline deadline,
                                              std::function<void()> on_throttled) {
  auto call =
      make_call("StartSession", request.target, wire::aws::serialize_start_session(request));
  call.patience = kThrottlePatience;
  call.on_throttled = std::move(on_throttled);
  const auto response = co_await client_.call(std::move(call), deadline);
  co_return read_answer(response, "StartSession", wire::aws::parse_session);
}

net::Task<Answer<Session>> Ssm::resume_session(std::string session_id, net::Deadline deadline) {
  auto body = wire::aws::serialize_session_id(session_id);
  const auto response = co_await call("ResumeSession", session_id, std::move(body), deadline);
  auto session = read_answer(response, "ResumeSession", wire::aws::parse_session);
  if (session && session->session_id != session_id)
    co_return Error{Errc::kProtocol, "ResumeSession: answer for another session"};
  co_return session;
}

net::Task<Answer<void>> Ssm::terminate_session(std::string session_id, net::Deadline deadline) {
  auto body = wire::aws::serialize_session_id(session_id);
  const auto response =
      co_await call("TerminateSession", session_id, std::move(body), deadline);
  if (!response) co_return response.failure<void>();
  co_return Answer<void>();
}

net::Task<Answer<std::optional<InstanceInformation>>> Ssm::describe_instance(
    std::string instance_id, net::Deadline deadline) {
  using Found = std::optional<InstanceInformation>;
  const std::vector<std::string> one{instance_id};
  const auto page = co_await describe_instances(one, "", deadline);
  if (!page) co_return page.failure<Found>();
  for (const auto& instance : page->instances)
    if (instance.instance_id == instance_id) co_return Found(instance);
  co_return Found();
}

net::Task<Answer<InformationPage>> Ssm::describe_instances(
    std::vector<std::string> instance_ids, std::string next_token, net::Deadline deadline) {
  auto body = wire::aws::serialize_describe_instances(instance_ids, next_token);
  const auto response = co_await call("DescribeInstanceInformation", name_targets(instance_ids),
                                      std::move(body), deadline);
  co_return read_answer(response, "DescribeInstanceInformation",
                        wire::aws::parse_instance_information);
}

net::Task<Answer<std::string>> Ssm::send_command(SendCommandRequest request,
                                                 net::Deadline deadline,
                                                 std::function<void()> on_throttled) {
  auto call = make_call("SendCommand", name_targets(request.instance_ids),
                        wire::aws::serialize_send_command(request));
  call.patience = kThrottlePatience;
  call.on_throttled = std::move(on_throttled);
  const auto response = co_await client_.call(std::move(call), deadline);
  co_return read_answer(response, "SendCommand", wire::aws::parse_sent_command);
}

net::Task<Answer<InvocationPage>> Ssm::list_command_invocations(std::string command_id,
                                                                std::string next_token,
                                                                net::Deadline deadline) {
  auto body = wire::aws::serialize_list_invocations(command_id, next_token);
  const auto response =
      co_await call("ListCommandInvocations", command_id, std::move(body), deadline);
  co_return read_answer(response, "ListCommandInvocations", wire::aws::parse_invocations);
}

net::Task<Answer<CommandInvocation>> Ssm::get_command_invocation(std::string command_id,
                                                                 std::string instance_id,
                                                                 net::Deadline deadline) {
  auto body = wire::aws::serialize_get_invocation(command_id, instance_id);
  const auto response =
      co_await call("GetCommandInvocation", command_id, std::move(body), deadline);
  co_return read_answer(response, "GetCommandInvocation", wire::aws::parse_invocation);
}

net::Task<Answer<void>> Ssm::cancel_command(std::string command_id,
                                            std::vector<std::string> instance_ids,
                                            net::Deadline deadline) {
  auto body = wire::aws::serialize_cancel_command(command_id, instance_ids);
  const auto response = co_await call("CancelCommand", command_id, std::move(body), deadline);
  if (!response) co_return response.failure<void>();
  co_return Answer<void>();
}

Result<wire::aws::StreamAddress> Ssm::check_stream(const Session& session) const {
  wire::aws::StreamExpectation expected;
  expected.region = client_.settings().region;
  expected.session_id = session.session_id;
  expected.configured = client_.settings().stream_endpoint();
  expected.replaces = client_.settings().own_gateway;
  return wire::aws::check_stream_url(session.stream_url, expected);
}

net::Task<Result<wire::HttpRequest>> Ssm::sign_stream(wire::aws::StreamAddress address,
                                                      net::Deadline deadline) {
  if (wire::aws::has_query_signature(address.target)) {
    wire::HttpRequest request;
    request.target = address.target;
    co_return request;
  }
  const auto credentials = co_await client_.credentials(deadline);
  if (!credentials) co_return credentials.error();
  co_return wire::aws::sign_websocket_open(address, credentials->key, client_.settings().region,
                                           client_.now());
}

net::Task<Result<std::string>> Ssm::presign_stream(Session session, std::chrono::seconds life,
                                                   net::Deadline deadline) {
  const auto address = check_stream(session);
  if (!address) co_return address.error();
  const auto credentials = co_await client_.credentials(deadline);
  if (!credentials) co_return credentials.error();
  co_return wire::aws::presign_stream(*address, credentials->key, client_.settings().region,
                                      client_.now(), life);
}

}  // namespace passport::aws
