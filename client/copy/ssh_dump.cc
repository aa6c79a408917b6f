#include "client/copy/ssh_dump.h"

#include <map>

#include <fmt/format.h>

#include "base/text.h"

namespace passport::copy {
namespace {

using Values = std::map<std::string_view, std::vector<std::string>>;

Values parse_lines(std::string_view dump) {
  Values out;
  while (!dump.empty()) {
    const auto line = dump.substr(0, dump.find('\n'));
    dump.remove_prefix(std::min(dump.size(), line.size() + 1));
    const auto space = line.find(' ');
    if (space != std::string_view::npos)
      out[line.substr(0, space)].emplace_back(line.substr(space + 1));
  }
  return out;
}

std::string first_of(const Values& values, std::string_view key) {
  const auto at = values.find(key);
  return at == values.end() ? std::string() : at->second.front();
}

/// The tokens of ssh_config(5) that ssh leaves in what it prints.
Result<std::string> expand(const std::string& text, const std::map<char, std::string>& tokens) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto at = ++i < text.size() ? tokens.find(text[i]) : tokens.end();
    if (at == tokens.end())
      return Error{Errc::kConfig, fmt::format("\"{}\" has a token that is not known here",
                                              escape_for_terminal(text))};
    out += at->second;
  }
  return out;
}

}  // namespace

Result<api::SshTarget> parse_ssh_dump(std::string_view dump, const std::string& host) {
  const auto values = parse_lines(dump);
  const auto proxy = first_of(values, "proxycommand");
  const auto agent = first_of(values, "identityagent");
  // For instances without a request the config has a ProxyCommand that says so, and nothing
  // else.
  if (proxy.empty() || proxy == "none" || !agent.starts_with('/'))
    return Error{Errc::kNotFound, "it has no ProxyCommand, or no agent"};
  const auto hostname = first_of(values, "hostname");
  const auto alias = first_of(values, "hostkeyalias");
  api::SshTarget out;
  out.user = first_of(values, "user");
  out.host_key_name = alias.empty() ? hostname : alias;
  const std::map<char, std::string> tokens{{'%', "%"},      {'h', hostname},
                                           {'n', host},     {'p', first_of(values, "port")},
                                           {'r', out.user}, {'k', out.host_key_name}};
  const auto command = expand(proxy, tokens);
  if (!command) return command.error();
  out.proxy_command = *command;
  out.known_hosts = first_of(values, "userknownhostsfile");
  out.agent_socket = agent;
  out.compress = first_of(values, "compression") == "yes";
  for (const auto* key : {"certificatefile", "identityfile"}) {
    const auto at = values.find(key);
    if (at == values.end()) continue;
    for (const auto& file : at->second) {
      const auto path = expand(file, tokens);
      if (!path) return path.error();
      out.certificate_files.push_back(*path);
    }
  }
  return out;
}

}  // namespace passport::copy
