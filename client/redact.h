// What a support bundle shows of files and values: what is known to be harmless, and kRedacted
// in place of all else. Pure. scrub() goes over it afterwards.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/secret.h"

namespace passport::client {

/// passport.conf: the values of `keys`; comments, other values and lines that are neither are
/// not shown.
std::string redact_config(std::string_view text, std::span<const std::string_view> keys);

/// Each "NAME=VALUE" on a line, by name; values of harmless variables alone.
std::string redact_environment(std::vector<std::string> variables);

/// Whether what people call their instances is shown, and what has somebody's name in it.
enum class Names { kShown, kHidden };

/// Answers of passportd and of passport-agent: the values of keys that are known. What people
/// write freely (reason, ticket, tags) is not shown.
json::value redact_json(const json::value& value, Names names);

/// ssh_config: the arguments of keywords that passport-ssh-config writes.
std::string redact_ssh_config(std::string_view text, Names names);

/// known_hosts: names, types and keys; lines of another form are not shown.
std::string redact_known_hosts(std::string_view text);

/// The values of variables that have a secret's name, and passwords of proxies.
std::vector<Secret> secrets_of(const std::vector<std::string>& variables);

/// The hosts in the values of variables that are shown and have a URL: proxies, endpoints, the
/// service. A value that is no URL gives what stands where its host would.
std::vector<std::string> hosts_of_environment(const std::vector<std::string>& variables);

/// passport.conf: the hosts of its services.
std::vector<std::string> hosts_of_config(std::string_view text);

/// Whether the name is AWS's own for a service of a region: it tells nothing of who uses it.
bool is_public_endpoint(std::string_view host);

/// At most `most` bytes of the text and "[cut]": whole lines of it, or where the first is
/// longer whole characters.
std::string cut_text(std::string_view text, std::size_t most);

/// The value of a proxy's variable: "http://proxy.example.com:3128, with a password".
std::string describe_proxy(std::string_view value);

}  // namespace passport::client
