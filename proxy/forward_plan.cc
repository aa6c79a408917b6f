#include "proxy/forward_plan.h"

#include <map>
#include <utility>

namespace passport::proxy {
namespace {

SessionPlan make_plan(SessionPlan plan, ForwardConfig config) {
  const auto& first = config.specs.front();
  auto& request = plan.request;
  request.document_name = first.host.empty() ? "AWS-StartPortForwardingSession"
                                             : "AWS-StartPortForwardingSessionToRemoteHost";
  request.parameters = {{"portNumber", {std::to_string(first.remote_port)}}};
  if (!first.host.empty()) request.parameters["host"] = {first.host};
  plan.make_local = [config](const auto& executor) -> Result<std::unique_ptr<LocalSide>> {
    auto side = ForwardSide::listen(executor, config);
    if (!side) return side.error();
    return std::unique_ptr<LocalSide>(std::move(*side));
  };
  return plan;
}

}  // namespace

std::vector<SessionPlan> make_forward_plans(const SessionPlan& base,
                                            const ForwardConfig& forwards) {
  std::vector<ForwardConfig> groups;
  std::map<std::pair<std::string, unsigned short>, std::size_t> known;
  for (const auto& spec : forwards.specs) {
    const auto [it, added] = known.try_emplace({spec.host, spec.remote_port}, groups.size());
    if (added) groups.push_back({{}, forwards.any_user, forwards.json});
    groups[it->second].specs.push_back(spec);
  }
  std::vector<SessionPlan> plans;
  for (auto& group : groups) plans.push_back(make_plan(base, std::move(group)));
  return plans;
}

}  // namespace passport::proxy
