#include "client/redact.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/config_text.h"
#include "base/text.h"
#include "client/scrub.h"
#include "wire/aws/identifiers.h"
#include "wire/proxy_rule.h"
#include "wire/ssh/public_key.h"

namespace passport::client {
namespace {

constexpr std::size_t kMaxLine = 64 << 10;  ///< bytes that are shown

template <class Names>
bool is_among(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// `line` of each line of the text, joined again.
template <class Line>
std::string by_line(std::string_view text, Line line) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out += line(text.substr(0, end));
    out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string shown(std::string_view text) {
  return escape_for_terminal(text, kMaxLine);
}

/// The next word, which is taken from `text`.
std::string_view take_word(std::string_view& text) {
  constexpr std::string_view kBlanks = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const auto word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

/// What may be a mistyped key rather than a piece of a secret.
bool is_plain_name(std::string_view name) {
  constexpr std::size_t kMost = 20;
  return name.size() <= kMost && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || c == '_';
         });
}

std::string render_setting(const ConfigLine& line, std::span<const std::string_view> keys) {
  if (!is_among(keys, line.key) || line.key.empty())
    return line.key.empty() || !is_plain_name(line.key)
               ? std::string(kRedacted)
               : fmt::format("{} = {}", line.key, kRedacted);
  const auto query = std::min(line.value.find_first_of("?#"), line.value.size());
  return fmt::format("{} = {}{}", line.key, shown(line.value.substr(0, query)),
                     query < line.value.size() ? kRedacted : "");
}

constexpr std::array<std::string_view, 43> kHarmlessVariables = {
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_ENDPOINT_URL_SSM",
    "AWS_ENDPOINT_URL_SSMMESSAGES",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_MAX_ATTEMPTS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "NO_COLOR",
    "NO_PROXY",
    "PASSPORT_ACCOUNT",
    "PASSPORT_CA",
    "PASSPORT_CONFIG",
    "PASSPORT_REGION",
    "PASSPORT_SERVICE",
    "PASSPORT_TOKEN_FILE",
    "PATH",
    "SHELL",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CONFIG_HOME",
    "no_proxy"};

bool is_harmless(std::string_view name) {
  return is_among(kHarmlessVariables, name) || name.starts_with("LC_") ||
         name == "XDG_RUNTIME_DIR" || name == "XDG_STATE_HOME";
}

bool is_proxy(std::string_view name) {
  return to_lower(name).ends_with("_proxy") && to_lower(name) != "no_proxy";
}

/// Of "SCHEME://USER@HOST:PORT/...", of which all but the host may be missing.
std::string host_of(std::string_view url) {
  if (const auto at = url.find("://"); at != url.npos) url.remove_prefix(at + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto at = url.rfind('@'); at != url.npos) url.remove_prefix(at + 1);
  if (url.starts_with('[')) return std::string(url.substr(1, url.find(']') - 1));
  return std::string(url.substr(0, url.find(':')));
}

constexpr std::array<std::string_view, 6> kSecretNames = {"secret", "token",  "passw",
                                                          "key",    "passph", "credential"};
constexpr std::size_t kLeastSecret = 8;  ///< bytes: what is shorter stands everywhere

std::string render_variable(std::string_view variable) {
  const auto equals = std::min(variable.find('='), variable.size());
  const auto name = variable.substr(0, equals);
  const auto value = variable.substr(std::min(equals + 1, variable.size()));
  auto text = std::string(value.empty() ? "" : kRedacted);
  if (is_harmless(name)) text = shown(value);
  if (!value.empty() && is_proxy(name)) text = describe_proxy(value);
  return fmt::format("{}={}\n", shown(name), text);
}

constexpr std::array<std::string_view, 52> kKnownKeys = {
    // of a request
    "requests", "id", "account", "region", "owner", "user", "state", "key_type", "duration_s",
    "approvals_needed", "break_glass", "created_at", "activated_at", "ends_at", "finished_at",
    "instances", "error", "host_keys", "sshd_version", "home", "name", "platform",
    // of a token
    "groups", "expires_at",
    // of the agent
    "pid", "socket", "locked", "clients", "signatures", "end", "keys", "identities", "type",
    "fingerprint", "key_id", "serial", "principals", "valid_after", "valid_before",
    "ca_fingerprint", "ca_algorithm",
    // of the doctor
    "version", "checks", "check", "outcome", "detail", "remedy", "status", "ms", "time", "mode",
    "system"};

constexpr std::array<std::string_view, 32> kKnownKeywords = {"certificatefile",
                                                             "compression",
                                                             "connectionattempts",
                                                             "connecttimeout",
                                                             "controlmaster",
                                                             "controlpath",
                                                             "controlpersist",
                                                             "forwardagent",
                                                             "globalknownhostsfile",
                                                             "host",
                                                             "hostkeyalgorithms",
                                                             "hostkeyalias",
                                                             "hostname",
                                                             "identitiesonly",
                                                             "identityagent",
                                                             "identityfile",
                                                             "include",
                                                             "kbdinteractiveauthentication",
                                                             "loglevel",
                                                             "match",
                                                             "passwordauthentication",
                                                             "port",
                                                             "preferredauthentications",
                                                             "proxycommand",
                                                             "proxyusefdpass",
                                                             "pubkeyacceptedalgorithms",
                                                             "pubkeyauthentication",
                                                             "serveralivecountmax",
                                                             "serveraliveinterval",
                                                             "stricthostkeychecking",
                                                             "updatehostkeys",
                                                             "user"};

/// " ID..." and, for words that are none, one kRedacted.
std::string ids_among(std::string_view words) {
  std::string out;
  bool others = false;
  for (auto word = take_word(words); !word.empty(); word = take_word(words)) {
    if (wire::aws::is_instance_id(word))
      out.append(" ").append(word);
    else
      others = true;
  }
  return others ? out + " " + std::string(kRedacted) : out;
}

std::string render_keyword(std::string_view line, Names names) {
  auto rest = line;
  const auto keyword = take_word(rest);
  if (keyword.empty()) return {};
  const auto indent = line.substr(0, line.find(keyword));
  if (keyword.starts_with('#')) return fmt::format("{}# {}", indent, kRedacted);
  const auto name = to_lower(keyword);
  if (name == "host" && names == Names::kHidden)
    return fmt::format("{}{}{}", indent, keyword, ids_among(rest));
  if (is_among(kKnownKeywords, name) || name == "userknownhostsfile") return shown(line);
  return fmt::format("{}? {}", indent, kRedacted);
}

std::string render_known_host(std::string_view line) {
  auto rest = line;
  const auto host = take_word(rest);
  if (host.empty()) return {};
  const auto key = wire::ssh::parse_public_key_line(rest);
  if (!key || host.starts_with('#')) return std::string(kRedacted);
  return shown(host) + " " + wire::ssh::render_public_key(*key, "");
}

}  // namespace

std::string redact_config(std::string_view text, std::span<const std::string_view> keys) {
  return by_line(text, [keys](std::string_view line) -> std::string {
    const auto parsed = parse_config_text(line);
    if (!parsed) return std::string(kRedacted);
    if (parsed->empty())
      return line.find('#') == line.npos ? "" : fmt::format("# {}", kRedacted);
    return render_setting(parsed->front(), keys);
  });
}

std::string redact_environment(std::vector<std::string> variables) {
  std::sort(variables.begin(), variables.end());
  std::string out;
  for (const auto& variable : variables) out += render_variable(variable);
  return out;
}

json::value redact_json(const json::value& value, Names names) {
  if (const auto* array = value.if_array()) {
    json::array out;
    for (const auto& item : *array) out.push_back(redact_json(item, names));
    return out;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  json::object out;
  for (const auto& [key, item] : *object) {
    const bool hidden = names == Names::kHidden && (key == "name" || key == "key_id");
    if (!hidden && is_among(kKnownKeys, std::string_view(key)))
      out[key] = redact_json(item, names);
    else
      out[key] = kRedacted;
  }
  return out;
}

std::string redact_ssh_config(std::string_view text, Names names) {
  return by_line(text, [names](std::string_view line) { return render_keyword(line, names); });
}

std::string redact_known_hosts(std::string_view text) {
  return by_line(text, render_known_host);
}

std::vector<Secret> secrets_of(const std::vector<std::string>& variables) {
  std::vector<Secret> out;
  for (const std::string_view variable : variables) {
    const auto equals = variable.find('=');
    const auto name = variable.substr(0, equals);
    const auto value = equals == variable.npos ? "" : variable.substr(equals + 1);
    if (is_proxy(name)) {
      const auto user = value.substr(0, value.rfind('@') == value.npos ? 0 : value.rfind('@'));
      const auto colon = user.rfind(':');
      if (colon != user.npos) out.emplace_back(std::string(user.substr(colon + 1)));
      continue;
    }
    const auto lower = to_lower(name);
    const bool secret = std::any_of(kSecretNames.begin(), kSecretNames.end(), [&](auto part) {
      return lower.find(part) != std::string::npos;
    });
    if (secret && !is_harmless(name) && value.size() >= kLeastSecret)
      out.emplace_back(std::string(value));
  }
  return out;
}

std::vector<std::string> hosts_of_environment(const std::vector<std::string>& variables) {
  std::vector<std::string> out;
  for (const std::string_view variable : variables) {
    const auto equals = std::min(variable.find('='), variable.size());
    const auto name = variable.substr(0, equals);
    const bool has_url =
        is_proxy(name) || name.starts_with("AWS_ENDPOINT_URL") || name == "PASSPORT_SERVICE";
    auto host = has_url ? host_of(variable.substr(std::min(equals + 1, variable.size()))) : "";
    if (!host.empty()) out.push_back(std::move(host));
  }
  return out;
}

std::vector<std::string> hosts_of_config(std::string_view text) {
  std::vector<std::string> out;
  by_line(text, [&out](std::string_view line) {
    const auto parsed = parse_config_text(line);
    if (parsed && !parsed->empty() && parsed->front().key == "service")
      out.push_back(host_of(parsed->front().value));
    return "";
  });
  return out;
}

bool is_public_endpoint(std::string_view host) {
  return (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")) &&
         host.find(".vpce.") == host.npos;
}

std::string cut_text(std::string_view text, std::size_t most) {
  const auto line = text.substr(0, most).rfind('\n');
  auto end = line == text.npos ? std::min(most, text.size()) : line + 1;
  const auto goes_on = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
  };
  while (end > 0 && goes_on(end)) --end;
  return std::string(text.substr(0, end)) + "[cut]\n";
}

std::string describe_proxy(std::string_view value) {
  const auto proxy = wire::parse_proxy(value);
  if (!proxy) return std::string(kRedacted);
  return shown(proxy->endpoint.url()) +
         (proxy->authorization.empty() ? "" : ", with a password");
}

}  // namespace passport::client
