#include "lab/summary.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace passport::lab {
namespace {

std::string replace_all(std::string_view in, char from, std::string_view to) {
  std::string out;
  for (const char c : in) {
    if (c == from) {
      out += to;
    } else {
      out += c;
    }
  }
  return out;
}

/// A file name in ssh_config, where '%' begins a token.
std::string quote_for_ssh(std::string_view path) {
  return "\"" + replace_all(path, '%', "%%") + "\"";
}

std::string in_state_dir(const Summary& summary, const char* file) {
  return summary.state_dir + "/" + file;
}

}  // namespace

std::string serialize_summary(const Summary& summary) {
  json::array instances;
  for (const auto& i : summary.instances) {
    json::array keys(i.host_keys.begin(), i.host_keys.end());
    instances.push_back(json::object{{"id", i.id},
                                     {"status", i.status},
                                     {"mode", i.mode},
                                     {"note", i.note},
                                     {"host_keys", std::move(keys)}});
  }
  return json::serialize(json::object{{"state_dir", summary.state_dir},
                                      {"env", in_state_dir(summary, kEnvFile)},
                                      {"ssh_config", in_state_dir(summary, kSshConfigFile)},
                                      {"audit", in_state_dir(summary, kAuditFile)},
                                      {"endpoint", summary.endpoint},
                                      {"region", summary.region},
                                      {"user", summary.user},
                                      {"proxy", summary.proxy},
                                      {"made_state_dir", summary.made_state_dir},
                                      {"instances", std::move(instances)}}) +
         "\n";
}

Result<Summary> parse_summary(std::string_view text) {
  const auto parsed = parse_json_object(text, kSummaryFile);
  if (!parsed) return parsed.error();
  Summary out;
  out.state_dir = find_string(*parsed, "state_dir");
  out.endpoint = find_string(*parsed, "endpoint");
  out.region = find_string(*parsed, "region");
  out.user = find_string(*parsed, "user");
  out.proxy = find_string(*parsed, "proxy");
  const auto* made = parsed->if_contains("made_state_dir");
  out.made_state_dir = made && made->is_bool() && made->get_bool();
  const auto* instances = find_array(*parsed, "instances");
  if (out.state_dir.empty() || !instances) {
    return Error{Errc::kMalformed,
                 fmt::format("{}: state_dir or instances missing", kSummaryFile)};
  }
  for (const auto& item : *instances) {
    const auto* object = item.if_object();
    if (!object) return Error{Errc::kMalformed, fmt::format("{}: instances", kSummaryFile)};
    InstanceSummary i{find_string(*object, "id"),
                      find_string(*object, "status"),
                      find_string(*object, "mode"),
                      find_string(*object, "note"),
                      {}};
    if (const auto* keys = find_array(*object, "host_keys")) {
      for (const auto& key : *keys) {
        if (const auto* line = key.if_string()) i.host_keys.emplace_back(*line);
      }
    }
    out.instances.push_back(std::move(i));
  }
  return out;
}

std::string render_summary(const Summary& summary) {
  auto out = fmt::format("env {}\nssh_config {}\naudit {}\nendpoint {}\nregion {}\n",
                         in_state_dir(summary, kEnvFile), in_state_dir(summary, kSshConfigFile),
                         in_state_dir(summary, kAuditFile), summary.endpoint, summary.region);
  for (const auto& i : summary.instances) {
    out +=
        fmt::format("instance {} {}{}{}\n", i.id, i.status, i.mode.empty() ? "" : " ", i.mode);
  }
  return out;
}

std::string render_env(const Summary& summary, const std::string& access_key_id,
                       const Secret& secret) {
  return fmt::format(
      "# Points AWS programs at the lab: . {0}\n"
      "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_ROLE_ARN "
      "AWS_ENDPOINT_URL_SSM\n"
      "unset AWS_ENDPOINT_URL_KMS AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_EC2 "
      "AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_FULL_URI\n"
      "unset AWS_CONTAINER_CREDENTIALS_RELATIVE_URI\n"
      "export AWS_ENDPOINT_URL={1}\n"
      "export AWS_REGION={2}\n"
      "export AWS_DEFAULT_REGION={2}\n"
      "export AWS_ACCESS_KEY_ID={3}\n"
      "export AWS_SECRET_ACCESS_KEY={4}\n"
      "export AWS_CA_BUNDLE={5}\n"
      "export AWS_EC2_METADATA_DISABLED=true\n"
      "export AWS_CONFIG_FILE=/dev/null\n"
      "export AWS_SHARED_CREDENTIALS_FILE=/dev/null\n"
      "export NO_PROXY=\"127.0.0.1,localhost${{NO_PROXY:+,$NO_PROXY}}\"\n",
      quote_for_shell(in_state_dir(summary, kEnvFile)), quote_for_shell(summary.endpoint),
      quote_for_shell(summary.region), quote_for_shell(access_key_id),
      quote_for_shell(secret.reveal()), quote_for_shell(in_state_dir(summary, kCaFile)));
}

std::string render_ssh_config(const Summary& summary) {
  std::string out = "# Made by passport-lab up, removed by passport-lab down.\n";
  for (const auto& i : summary.instances) {
    out += fmt::format("Host {0}\n  HostKeyAlias {0}\n", i.id);
  }
  out += fmt::format(
      "Host i-* mi-*\n"
      "  ProxyCommand {} %h %p\n"
      "  User {}\n"
      "  IdentityFile {}\n"
      "  IdentitiesOnly yes\n"
      "  IdentityAgent none\n"
      "  UserKnownHostsFile {}\n"
      "  GlobalKnownHostsFile /dev/null\n"
      "  StrictHostKeyChecking yes\n"
      "  UpdateHostKeys no\n"
      "  CheckHostIP no\n",
      replace_all(quote_for_shell(summary.proxy), '%', "%%"), summary.user,
      quote_for_ssh(in_state_dir(summary, kKeyFile)),
      quote_for_ssh(in_state_dir(summary, kKnownHostsFile)));
  return out;
}

std::string render_known_hosts(const Summary& summary) {
  std::string out;
  for (const auto& i : summary.instances) {
    for (const auto& key : i.host_keys) out += i.id + " " + key + "\n";
  }
  return out;
}

}  // namespace passport::lab
