#include "config-gen/render.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "config-gen/host_names.h"
#include "wire/aws/identifiers.h"

namespace passport::config_gen {
namespace {

constexpr std::size_t kSocketName = 107;  ///< bytes of a unix socket's name, without its NUL
constexpr std::size_t kHashed = 40;       ///< bytes that ssh puts for %C
constexpr std::size_t kSuffix = 17;       ///< and adds while it makes the socket

std::string double_percents(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == '%' ? 2 : 1, c);
  return out;
}

Result<std::string> render_proxy_command(const ConfigPlan& plan, const std::string& options) {
  const auto words = quote_words(plan.proxy_command);
  if (!words) return words.error();
  return double_percents(*words) + options;
}

/// Where the sockets' names would be too long, connections are not shared.
Result<std::string> render_sharing(const std::string& folder) {
  if (folder.empty() || folder.size() + sizeof "/m-" - 1 + kHashed + kSuffix > kSocketName)
    return std::string("  ControlMaster no\n  ControlPath none\n");
  auto path = quote_path(folder);
  if (!path) return path;
  path->insert(path->size() - 1, "/m-%C");
  return fmt::format("  ControlMaster auto\n  ControlPath {}\n  ControlPersist 60\n", *path);
}

/// What is the same for every request. Some of it is there because the file may be a part of
/// one with a `Host *` that says otherwise.
Result<std::string> render_common(const ConfigPlan& plan) {
  const auto agent = quote_path(plan.agent_socket);
  if (!agent) return agent.error();
  const auto known = quote_path(plan.known_hosts);
  if (!known) return known.error();
  const auto sharing = render_sharing(plan.control_folder);
  if (!sharing) return sharing.error();
  return fmt::format(
             "  Port 22\n  CanonicalizeHostname no\n  ProxyUseFdpass no\n"
             "  IdentityAgent {}\n  IdentitiesOnly yes\n  PubkeyAuthentication yes\n"
             "  PreferredAuthentications publickey\n  ForwardAgent no\n"
             "  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n"
             "  StrictHostKeyChecking yes\n  VerifyHostKeyDNS no\n  UpdateHostKeys no\n"
             "  Compression yes\n  ServerAliveInterval 30\n  ServerAliveCountMax 4\n",
             *agent, *known) +
         *sharing;
}

std::string render_hosts(const std::vector<CertifiedAccess>& accesses, bool included) {
  std::vector<const api::Host*> hosts;
  for (const auto& access : accesses)
    for (const auto& host : access.hosts) hosts.push_back(&host);
  const auto aliases = find_aliases(hosts);
  std::string out;
  for (const auto* host : hosts) {
    out += "Host " + host->id;
    if (const auto alias = aliases.find(host->id); alias != aliases.end()) {
      out += " " + alias->second;
      if (included) out += kIncludedDomain;
    }
    out += "\n  HostName " + host->id + "\n";
  }
  return out;
}

Result<std::string> render_request(const ConfigPlan& plan, const CertifiedAccess& access,
                                   const std::string& common) {
  const auto proxy = render_proxy_command(plan, request_options(access));
  if (!proxy) return proxy.error();
  std::string out = "Match host ";
  for (const auto& host : access.hosts) out += host.id + ",";
  out.back() = '\n';
  out += fmt::format("  User {}\n  ProxyCommand {}%h %p\n", access.user, *proxy);
  for (const auto& path : access.certificate_files) {
    const auto quoted = quote_path(path);
    if (!quoted) return quoted.error();
    // ssh finds an agent's certificate by an IdentityFile, not by a CertificateFile.
    out += fmt::format("  IdentityFile {}\n", *quoted);
  }
  if (access.certificate_files.empty()) out += "  IdentityFile none\n";
  return out + common;
}

}  // namespace

Result<std::string> quote_path(const std::string& path) {
  const bool good = path.starts_with('/') && path.find("${") == std::string::npos &&
                    path.find_first_of("\"\\") == std::string::npos &&
                    std::all_of(path.begin(), path.end(),
                                [](unsigned char c) { return c >= ' ' && c != 127; });
  if (!good)
    return Error{
        Errc::kConfig, "\"" + escape_for_terminal(path) + "\" cannot stand in an ssh_config",
        "use a folder whose path has no quotes, backslashes, control characters or ${"};
  return "\"" + double_percents(path) + "\"";
}

std::string request_options(const api::Access& access) {
  auto out = "--request " + access.request + " ";
  if (wire::aws::is_region(access.region)) out += "--region " + access.region + " ";
  return out;
}

Result<std::string> quote_words(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) {
    if (std::any_of(word.begin(), word.end(),
                    [](unsigned char c) { return c < ' ' || c == 127; }))
      return Error{Errc::kConfig,
                   "\"" + escape_for_terminal(word) + "\" cannot stand in an ssh_config"};
    out += '\'';
    for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
    out += "' ";
  }
  return out;
}

void settle_hosts(std::vector<CertifiedAccess>& accesses) {
  std::stable_sort(
      accesses.begin(), accesses.end(),
      [](const CertifiedAccess& a, const CertifiedAccess& b) { return a.ends_at > b.ends_at; });
  std::set<std::string> seen;
  for (auto& access : accesses)
    std::erase_if(access.hosts,
                  [&](const api::Host& host) { return !seen.insert(host.id).second; });
}

Result<std::string> render_ssh_config(const ConfigPlan& plan, bool included) {
  const auto common = render_common(plan);
  if (!common) return common.error();
  auto out = kHeader + render_hosts(plan.accesses, included);
  for (const auto& access : plan.accesses) {
    if (access.hosts.empty()) continue;
    const auto text = render_request(plan, access, *common);
    if (!text) return text.error();
    out += *text;
  }
  if (included) return out;
  const auto proxy = render_proxy_command(plan, "");  // it says that there is no request
  if (!proxy) return proxy.error();
  // A name of any form gets here, and by itself only ssh of 9.6 and later keeps what means
  // something to a shell from it.
  return out + "Match host \"!*'*,i-*,mi-*\"\n  ProxyCommand " + *proxy + "'%h' %p\n";
}

std::string render_known_hosts(const std::vector<CertifiedAccess>& accesses) {
  std::string out;
  for (const auto& access : accesses)
    for (const auto& host : access.hosts)
      for (const auto& key : host.keys)
        out += host.id + " " + render_public_key(key, "") + "\n";
  return out;
}

}  // namespace passport::config_gen
