#include "service/session_policy.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.h"

namespace passport::service {
namespace {

constexpr std::size_t kMaxSourceIdentity = 64;

/// STS takes letters, digits and "+=,.@-_"; what is not among them is told by '_'.
std::string source_identity_of(std::string_view owner) {
  std::string out(owner.substr(0, kMaxSourceIdentity));
  for (auto& c : out) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && std::string_view("+=,.@-_").find(c) == std::string_view::npos) c = '_';
  }
  if (out.size() < 2) out += "__";
  return out;
}

std::string partition_of(std::string_view arn) {
  const auto end = arn.find(':', 4);
  return std::string(arn.substr(4, end == std::string_view::npos ? 0 : end - 4));
}

json::object allow(std::string_view action, json::array resources) {
  return {{"Effect", "Allow"}, {"Action", action}, {"Resource", std::move(resources)}};
}

}  // namespace

Result<std::string> make_session_policy(const SessionScope& scope) {
  json::array instances;
  json::array documents;
  for (const auto& id : scope.instances) {
    const bool managed = id.starts_with("mi-");
    instances.emplace_back(fmt::format("arn:{}:{}:{}:{}:{}/{}", scope.partition,
                                       managed ? "ssm" : "ec2", scope.region, scope.account,
                                       managed ? "managed-instance" : "instance", id));
  }
  for (const auto& name : scope.documents)
    documents.emplace_back(
        fmt::format("arn:{}:ssm:{}::document/{}", scope.partition, scope.region, name));
  auto on_instances = allow("ssm:StartSession", std::move(instances));
  on_instances["Condition"] =
      json::object{{"BoolIfExists", json::object{{"ssm:SessionDocumentAccessCheck", "true"}}}};
  auto own = allow("ssm:ResumeSession",
                   {fmt::format("arn:{}:ssm:{}:{}:session/{}-*", scope.partition, scope.region,
                                scope.account, scope.session_name)});
  own["Action"] =
      json::array{"ssm:ResumeSession", "ssm:TerminateSession", "ssmmessages:OpenDataChannel"};
  json::array statements = {std::move(own)};
  if (!scope.instances.empty() && !scope.documents.empty()) {
    statements.push_back(std::move(on_instances));
    statements.push_back(allow("ssm:StartSession", std::move(documents)));
  }
  auto text = json::serialize(
      json::object{{"Version", "2012-10-17"}, {"Statement", std::move(statements)}});
  if (text.size() > kMaxSessionPolicy || scope.instances.size() > kMaxScopeInstances)
    return Error{Errc::kTooLarge, "session policy: too many instances at once"};
  return text;
}

Result<wire::aws::AssumeRoleRequest> make_narrowed_role(const Account& account,
                                                        const AccessRequest& request,
                                                        const std::string& instance,
                                                        const std::string& document) {
  SessionScope scope;
  scope.partition = partition_of(account.role_arn);
  scope.account = account.id;
  scope.region = request.region;
  scope.session_name = request.id;
  if (!instance.empty()) scope.instances = {instance};
  if (!document.empty()) scope.documents = {document};
  auto policy = make_session_policy(scope);
  if (!policy) return policy.error();
  wire::aws::AssumeRoleRequest out;
  out.role_arn = account.role_arn;
  out.role_session_name = request.id;
  out.external_id = account.external_id;
  out.policy = std::move(*policy);
  out.source_identity = source_identity_of(request.owner);
  out.tags = {{"PassportRequest", request.id}};
  return out;
}

}  // namespace passport::service
