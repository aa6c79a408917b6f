#include "service/session_policy.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.h"

namespace passport::service {
namespace {

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

}  // namespace passport::service
