#include "config-gen/check.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "api/agent_place.h"
#include "api/ssh_login.h"
#include "base/text.h"
#include "config-gen/host_names.h"
#include "wire/aws/identifiers.h"

namespace passport::config_gen {
namespace {

using Requests = std::vector<json::object>;
using Instance = std::pair<const json::object*, const json::object*>;  ///< its request, itself

std::vector<Instance> all_instances(const Requests& requests) {
  std::vector<Instance> out;
  for (const auto& request : requests)
    if (const auto* instances = find_array(request, "instances"))
      for (const auto& item : *instances)
        if (const auto* object = item.if_object()) out.emplace_back(&request, object);
  return out;
}

Error no_request(const std::string& name) {
  return {Errc::kDenied, escape_for_terminal(name) + ": no request of yours is active for it",
          "ask for access: passport request create --reason ... " +
              (wire::aws::is_instance_id(name) ? name : std::string("i-..."))};
}

/// Why an instance has no user that one could log in as.
Error describe_state(const json::object& request, const json::object& instance) {
  const auto of_request = find_string(request, "state");
  const auto of_instance = find_string(instance, "state");
  const auto why = escape_for_terminal(find_string(instance, "error"));
  const auto id = escape_for_terminal(find_string(request, "id"));
  if (of_request == "pending")
    return {Errc::kDenied, fmt::format("your request {} waits for approval", id)};
  if (of_instance == "waiting" || of_instance == "provisioning")
    return {Errc::kUnavailable, "its user is being made" + (why.empty() ? "" : ": " + why),
            fmt::format("try again in a moment; passport request show {}", id)};
  if (of_request == "completing" || of_instance == "removing" || of_instance == "removed")
    return {Errc::kDenied, fmt::format("your request {} is ending", id)};
  if (of_instance == "active")
    return {Errc::kUnavailable, "it told no host key that can be checked",
            fmt::format("passport request show {}", id)};
  return {Errc::kUnavailable,
          fmt::format("it has no user: {}{}", escape_for_terminal(of_instance),
                      why.empty() ? "" : ": " + why),
          fmt::format("passport request show {}", id)};
}

/// What a login needs to know of an instance.
struct Login {
  api::SshTarget target;
  std::string instance;
};

Result<Login> make_login(const std::string& instance,
                         const std::vector<CertifiedAccess>& accesses, const Places& places,
                         const api::Service& service) {
  for (const auto& access : accesses) {
    const auto host = std::find_if(access.hosts.begin(), access.hosts.end(),
                                   [&](const api::Host& one) { return one.id == instance; });
    if (host == access.hosts.end()) continue;
    const auto words = quote_words(make_proxy_command(service));
    if (!words) return words.error();
    Login out;
    out.instance = instance;
    out.target.proxy_command = *words + request_options(access) + instance + " 22";
    out.target.host_key_name = instance;
    out.target.known_hosts = places.known_hosts;
    out.target.user = access.user;
    out.target.agent_socket = api::agent_socket(places.folder);
    out.target.certificate_files = access.certificate_files;
    out.target.compress = true;
    return out;
  }
  return Error{Errc::kInternal, instance + ": it has not been written"};
}

Result<void> log_in(const Login& login, api::SshLogin::Time deadline) {
  api::SshFailure failure;
  if (api::SshLogin::open(login.target, deadline, failure) != nullptr) return {};
  // The proxy says the instance's name, the library does not.
  const auto name = login.instance + ": ";
  auto& detail = failure.error.detail;
  if (!detail.starts_with(name)) detail.insert(0, name);
  return failure.error;
}

}  // namespace

Result<std::string> find_instance(const std::string& name, const Requests& requests,
                                  const std::vector<CertifiedAccess>& written) {
  if (wire::aws::is_instance_id(name)) return name;
  auto wanted = to_lower(name);
  if (wanted.ends_with(kIncludedDomain))
    wanted.resize(wanted.size() - std::string_view(kIncludedDomain).size());
  std::vector<const api::Host*> in_file;
  for (const auto& access : written)
    for (const auto& host : access.hosts) in_file.push_back(&host);
  for (const auto& [id, alias] : find_aliases(in_file))
    if (alias == wanted) return id;
  std::map<std::string, api::Host> hosts;
  for (const auto& [request, instance] : all_instances(requests)) {
    const auto id = find_string(*instance, "id");
    hosts[id] = {id, {}, find_string(*instance, "name"), {}, {}};
  }
  std::vector<const api::Host*> list;
  for (const auto& entry : hosts) list.push_back(&entry.second);
  std::string several;
  for (const auto& [id, alias] : find_aliases(list)) {
    if (alias == wanted) return id;
    if (alias.starts_with(wanted + ".")) several += " " + alias;
  }
  if (several.empty()) return no_request(name);
  return Error{Errc::kUsage, escape_for_terminal(name) + ": several instances are called so",
               "name one of them:" + several};
}

Error explain_missing(const std::string& instance, const Requests& requests) {
  std::optional<Error> why;
  for (const auto& [request, object] : all_instances(requests)) {
    if (find_string(*object, "id") != instance) continue;
    why = describe_state(*request, *object);
    why->detail.insert(0, instance + ": ");
  }
  return why ? *why : no_request(instance);
}

std::vector<Result<void>> check_logins(const std::vector<std::string>& instances,
                                       const std::vector<CertifiedAccess>& accesses,
                                       const Places& places, const api::Service& service) {
  const auto deadline = std::chrono::steady_clock::now() + kCheckTime;
  std::vector<Result<void>> out(instances.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto i = next++; i < instances.size(); i = next++) {
      const auto login = make_login(instances[i], accesses, places, service);
      out[i] = login ? log_in(*login, deadline) : login.error();
    }
  };
  std::vector<std::jthread> threads;
  for (auto n = std::min(instances.size(), kChecksAtOnce); n > 0; --n)
    threads.emplace_back(work);
  threads.clear();  // they have ended
  return out;
}

}  // namespace passport::config_gen
