#include "config-gen/render.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"

namespace passport::config_gen {
namespace {

constexpr std::size_t kMaxControlPath =
    80;  ///< bytes; ssh adds to it, and a socket's name has 108

/// In quotes, with nothing left for ssh to expand.
Result<std::string> quote_path(const std::string& path) {
  const bool good = path.starts_with('/') && path.find("${") == std::string::npos &&
                    path.find_first_of("\"\\") == std::string::npos &&
                    std::all_of(path.begin(), path.end(),
                                [](unsigned char c) { return c >= ' ' && c != 127; });
  if (!good)
    return Error{
        Errc::kConfig, "\"" + escape_for_terminal(path) + "\" cannot stand in an ssh_config",
        "use a folder whose path has no quotes, backslashes, control characters or ${"};
  std::string out = "\"";
  for (const char c : path) out += c == '%' ? "%%" : std::string(1, c);
  return out + "\"";
}

/// For the shell that ssh gives a ProxyCommand to.
Result<std::string> quote_word(const std::string& word) {
  std::string out = "'";
  for (const char c : word) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127)
      return Error{Errc::kConfig,
                   "\"" + escape_for_terminal(word) + "\" cannot stand in an ssh_config"};
    if (c == '\'')
      out += "'\\''";
    else
      out += c == '%' ? "%%" : std::string(1, c);
  }
  return out + "'";
}

Result<std::string> render_proxy_command(const ConfigPlan& plan, const std::string& request) {
  std::string out;
  for (const auto& word : plan.proxy_command) {
    const auto quoted = quote_word(word);
    if (!quoted) return quoted.error();
    out += *quoted + " ";
  }
  return out + "--request " + request + " %h %p";
}

/// What is the same for every request.
Result<std::string> render_common(const ConfigPlan& plan) {
  const auto agent = quote_path(plan.agent_socket);
  if (!agent) return agent.error();
  const auto known = quote_path(plan.known_hosts);
  if (!known) return known.error();
  auto out = fmt::format(
      "  IdentityAgent {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n"
      "  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  UpdateHostKeys no\n"
      "  PreferredAuthentications publickey\n  ForwardAgent no\n  ServerAliveInterval 30\n"
      "  ServerAliveCountMax 4\n",
      *agent, *known);
  const auto& control = plan.control_path;
  if (!control.empty() && control.size() <= kMaxControlPath &&
      control.find_first_of("\"\\ $") == std::string::npos)
    out +=
        fmt::format("  ControlMaster auto\n  ControlPath {}\n  ControlPersist 60\n", control);
  return out;
}

}  // namespace

Result<std::string> render_ssh_config(ConfigPlan plan) {
  const auto common = render_common(plan);
  if (!common) return common.error();
  std::stable_sort(
      plan.accesses.begin(), plan.accesses.end(),
      [](const CertifiedAccess& a, const CertifiedAccess& b) { return a.ends_at > b.ends_at; });
  std::string out = "# Written by passport-ssh-config: what is changed here does not last.\n";
  std::set<std::string> seen;
  for (const auto& access : plan.accesses) {
    std::string names;
    for (const auto& host : access.hosts) {
      if (!seen.insert(host.id).second) continue;
      out += fmt::format("Host {}\n  HostKeyAlias {}\n", host.id, host.id);
      names += " " + host.id;
    }
    if (names.empty()) continue;
    const auto proxy = render_proxy_command(plan, access.request);
    if (!proxy) return proxy.error();
    out += fmt::format("Host{}\n  User {}\n  ProxyCommand {}\n", names, access.user, *proxy);
    for (const auto& path : access.certificate_files) {
      const auto quoted = quote_path(path);
      if (!quoted) return quoted.error();
      // ssh finds an agent's certificate by an IdentityFile, not by a CertificateFile.
      out += fmt::format("  IdentityFile {}\n", *quoted);
    }
    if (access.certificate_files.empty()) out += "  IdentityFile none\n";
    out += *common;
  }
  return out;
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
