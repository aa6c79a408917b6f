#include "lab/ssm_describe.h"

#include <algorithm>

#include <fmt/format.h>

#include "lab/ssm_request.h"

namespace passport::lab {
namespace {

struct Filter {
  std::string key;
  std::vector<std::string> values;
};

bool contains(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// Both spellings: Filters [{Key, Values}] and InstanceInformationFilterList [{key, valueSet}].
std::vector<Filter> read_instance_filters(const json::object& request) {
  std::vector<Filter> out;
  const std::array<std::array<const char*, 3>, 2> spellings = {
      {{"Filters", "Key", "Values"}, {"InstanceInformationFilterList", "key", "valueSet"}}};
  for (const auto& [list, key, values] : spellings) {
    const auto* filters = find_array(request, list);
    if (!filters) continue;
    for (const auto& item : *filters) {
      const auto* filter = item.if_object();
      if (!filter) continue;
      Filter f{find_string(*filter, key), {}};
      if (const auto* given = find_array(*filter, values)) {
        for (const auto& v : *given) {
          if (const auto* text = v.if_string()) f.values.emplace_back(*text);
        }
      }
      out.push_back(std::move(f));
    }
  }
  return out;
}

std::string ping_status(const KnownInstance& instance) {
  return instance.online ? "Online" : "ConnectionLost";
}

/// What such an instance might run; the lab's own run whatever this machine does.
std::pair<std::string_view, std::string_view> system_of(const KnownInstance& instance) {
  if (instance.platform == "Windows")
    return {"Microsoft Windows Server 2022 Datacenter", "10.0.20348"};
  if (instance.platform == "MacOS") return {"macOS", "14.6.1"};
  return {"Debian GNU/Linux", "12"};
}

std::string resource_type(const KnownInstance& instance) {
  return instance.id.starts_with("mi-") ? "ManagedInstance" : "EC2Instance";
}

/// nullopt: no such filter.
std::optional<bool> passes(const KnownInstance& instance, const Filter& filter) {
  if (filter.key == "InstanceIds") return contains(filter.values, instance.id);
  if (filter.key == "PingStatus") return contains(filter.values, ping_status(instance));
  if (filter.key == "AgentVersion") return contains(filter.values, instance.agent_version);
  if (filter.key == "PlatformTypes") return contains(filter.values, instance.platform);
  if (filter.key == "ResourceType") return contains(filter.values, resource_type(instance));
  return std::nullopt;
}

json::object describe(const KnownInstance& instance, std::int64_t now) {
  // An online agent's last sign of life is recent; one that was lost keeps the time of its
  // last.
  const auto ping = instance.online && instance.agent != AgentKind::kReal
                        ? now - now % 60
                        : instance.last_ping_unix_s;
  const auto [system, version] = system_of(instance);
  json::object out{{"InstanceId", instance.id},
                   {"PingStatus", ping_status(instance)},
                   {"LastPingDateTime", ping},
                   {"AgentVersion", instance.agent_version},
                   {"IsLatestVersion", instance.agent_version == kAgentVersion},
                   {"PlatformType", instance.platform},
                   {"PlatformName", system},
                   {"PlatformVersion", version},
                   {"ResourceType", resource_type(instance)},
                   {"RegistrationDate", instance.registered_unix_s},
                   {"IPAddress", instance.ip_address},
                   {"ComputerName", instance.computer_name}};
  if (!instance.name.empty()) out["Name"] = instance.name;
  return out;
}

json::object describe(const Session& session) {
  json::object out{{"SessionId", session.id},
                   {"Target", session.target},
                   {"Status", to_string(session.state)},
                   {"StartDate", session.started_unix_s},
                   {"DocumentName",
                    session.document.empty() ? "SSM-SessionManagerRunShell" : session.document},
                   {"Owner", session.owner}};
  if (session.state == SessionState::kTerminated) out["EndDate"] = session.ended_unix_s;
  if (!session.reason.empty()) out["Reason"] = session.reason;
  return out;
}

std::optional<bool> passes(const Session& session, std::string_view key,
                           std::string_view value) {
  if (key == "Target") return session.target == value;
  if (key == "Owner") return session.owner == value;
  if (key == "SessionId") return session.id == value;
  if (key == "Status") return to_string(session.state) == value;
  return std::nullopt;
}

}  // namespace

std::variant<json::object, ApiError> describe_instance_information(
    const ApiCall& call, const json::object& request) {
  const auto most = read_max_results(request, 5, 50, 50);
  if (const auto* error = std::get_if<ApiError>(&most)) return *error;
  const auto filters = read_instance_filters(request);
  std::vector<std::pair<std::string, json::object>> items;
  const auto after = find_string(request, "NextToken");
  for (const auto& [id, instance] : call.state.instances()) {
    if (id <= after) continue;
    if (items.size() > std::get<std::size_t>(most)) break;
    // A real agent that never came has not registered.
    if (instance.agent == AgentKind::kReal && instance.registered_unix_s == 0) continue;
    bool wanted = true;
    for (const auto& filter : filters) {
      const auto passed = passes(instance, filter);
      if (!passed) {
        return ApiError{400, "InvalidFilterKey",
                        fmt::format("The specified filter key '{}' is not valid.", filter.key)};
      }
      wanted = wanted && *passed;
    }
    if (wanted) items.emplace_back(id, describe(instance, call.now_unix_s));
  }
  return make_page("InstanceInformationList", std::move(items), after,
                   std::get<std::size_t>(most));
}

std::variant<json::object, ApiError> describe_sessions(const ServiceState& state,
                                                       const json::object& request) {
  const auto wanted_state = find_string(request, "State");
  if (wanted_state != "Active" && wanted_state != "History") {
    return ApiError{
        400, "ValidationException",
        fmt::format("1 validation error detected: Value '{}' at 'state' failed to satisfy "
                    "constraint: Member must satisfy enum value set: [Active, History]",
                    wanted_state)};
  }
  const auto most = read_max_results(request, 1, 200, 200);
  if (const auto* error = std::get_if<ApiError>(&most)) return *error;
  const auto* filters = find_array(request, "Filters");
  std::vector<std::pair<std::string, json::object>> items;
  for (const auto& [id, session] : state.sessions()) {
    bool wanted = (session.state == SessionState::kTerminated) == (wanted_state == "History");
    for (std::size_t i = 0; filters && i < filters->size(); ++i) {
      const auto* filter = (*filters)[i].if_object();
      const auto passed =
          filter ? passes(session, find_string(*filter, "key"), find_string(*filter, "value"))
                 : std::nullopt;
      if (!passed) return ApiError{400, "InvalidFilterKey", "The specified key is not valid."};
      wanted = wanted && *passed;
    }
    if (wanted) items.emplace_back(id, describe(session));
  }
  return make_page("Sessions", std::move(items), find_string(request, "NextToken"),
                   std::get<std::size_t>(most));
}

}  // namespace passport::lab
