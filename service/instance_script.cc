#include "service/instance_script.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "service/texts.h"

namespace passport::service {
namespace {

constexpr std::string_view kUserPrefix = "rs-";
constexpr std::size_t kMaxUserName = 32;        // of useradd
constexpr std::int64_t kLatest = 253402300800;  // the year 10000
constexpr std::size_t kMaxHostKeys = 8;
constexpr std::size_t kMaxUsers = 64;  // that an answer names
constexpr std::size_t kMaxText = 256;  // of a string in an answer
constexpr std::string_view kLineStart = R"({"passport":1,)";

constexpr std::array<std::pair<std::string_view, ScriptOutcome>, 8> kOutcomes = {
    {{"live", ScriptOutcome::kLive},
     {"making", ScriptOutcome::kMaking},
     {"going", ScriptOutcome::kGoing},
     {"gone", ScriptOutcome::kGone},
     {"conflict", ScriptOutcome::kConflict},
     {"past", ScriptOutcome::kPast},
     {"swept", ScriptOutcome::kSwept},
     {"failed", ScriptOutcome::kFailed}}};

Error unfit(std::string_view what) {
  return {Errc::kInternal, fmt::format("script: unfit {}", what)};
}

Result<void> check(const UserScript& script) {
  if (!is_short_lived_user(script.user)) return unfit("user");
  if (script.generation < 1) return unfit("generation");
  if (script.end_unix_s < 1 || script.end_unix_s > kLatest) return unfit("end");
  if (script.issued_unix_ms < 1 || script.issued_unix_ms / 1000 > kLatest) return unfit("time");
  return {};
}

/// NAME='VALUE' lines: no value has a quote in it.
std::string render_head(std::string_view verb, const UserScript& script) {
  return fmt::format(
      "#!/bin/sh\n"
      "passport_verb='{}'\n"
      "passport_user='{}'\n"
      "passport_generation='{}'\n"
      "passport_end='{}'\n"
      "passport_issued='{}'\n",
      verb, script.user, script.generation, script.end_unix_s, script.issued_unix_ms);
}

/// For the instance to keep: it stands in the script as it is.
std::string render_end_script() {
  return fmt::format(
      "print_end_script() {{\ncat <<'END_OF_SCRIPT'\n#!/bin/sh\n{}{}END_OF_SCRIPT\n}}\n",
      kCommonText, kEndText);
}

Error broken(std::string_view what) {
  return {Errc::kProtocol, fmt::format("script: answer with an unusable {}", what)};
}

bool is_plain(std::string_view text) {
  return text.size() <= kMaxText &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// Absent counts as zero.
std::optional<std::int64_t> read_count(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return 0;
  const auto* number = value->if_int64();
  if (number == nullptr || *number < 0) return {};
  return *number;
}

Result<void> read_strings(const json::object& object, ScriptAnswer& out) {
  const std::pair<const char*, std::string*> strings[] = {
      {"error", &out.error}, {"home", &out.home}, {"sshd", &out.sshd_version}};
  for (const auto& [key, into] : strings) {
    *into = find_string(object, key);
    if (!is_plain(*into)) return broken(key);
  }
  if (!out.home.empty() && !out.home.starts_with('/')) return broken("home");
  return {};
}

Result<void> read_counts(const json::object& object, ScriptAnswer& out) {
  const auto generation = read_count(object, "generation");
  const auto end = read_count(object, "end");
  const auto removed = read_count(object, "removed");
  const auto failed = read_count(object, "failed");
  if (!generation) return broken("generation");
  if (!end || *end > kLatest) return broken("end");
  if (!removed || !failed) return broken("count");
  out.generation = *generation;
  out.end_unix_s = *end;
  out.removed = static_cast<std::uint64_t>(*removed);
  out.failed = static_cast<std::uint64_t>(*failed);
  return {};
}

/// Keys of other types are left out.
Result<void> read_lists(const json::object& object, ScriptAnswer& out) {
  if (const auto* keys = find_array(object, "host_keys")) {
    if (keys->size() > kMaxHostKeys) return broken("list of host keys");
    for (const auto& item : *keys) {
      const auto* text = item.if_string();
      if (text == nullptr) return broken("host key");
      auto key = wire::ssh::parse_public_key_line({text->data(), text->size()});
      if (key) out.host_keys.push_back(std::move(*key));
    }
  }
  if (const auto* users = find_array(object, "users")) {
    if (users->size() > kMaxUsers) return broken("list of users");
    for (const auto& item : *users) {
      const auto* text = item.if_string();
      if (text == nullptr || !is_short_lived_user({text->data(), text->size()}))
        return broken("user");
      out.users.emplace_back(text->data(), text->size());
    }
  }
  return {};
}

}  // namespace

bool is_short_lived_user(std::string_view name) {
  if (!name.starts_with(kUserPrefix) || name.size() > kMaxUserName) return false;
  name.remove_prefix(kUserPrefix.size());
  return !name.empty() && name.front() != '-' && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Result<std::string> render_provision_script(
    const UserScript& script, const std::vector<wire::ssh::PublicKey>& authorities, bool sudo) {
  if (auto fit = check(script); !fit) return fit.error();
  if (authorities.empty() || authorities.size() > kMaxAuthorities) return unfit("authorities");
  auto out = render_head("provision", script);
  out += fmt::format("passport_sudo='{}'\n", sudo ? "yes" : "no");
  for (std::size_t i = 0; i < authorities.size(); ++i)
    out += fmt::format("passport_ca_{}='{}'\n", i + 1,
                       wire::ssh::render_public_key(authorities[i], ""));
  out.append(kCommonText).append(render_end_script()).append(kProvisionText);
  return out;
}

Result<std::string> render_remove_script(const UserScript& script) {
  if (auto fit = check(script); !fit) return fit.error();
  return render_head("remove", script).append(kCommonText).append(kRemoveText);
}

Result<std::string> render_sweep_script(const std::vector<std::string>& live,
                                        std::int64_t issued_unix_ms) {
  if (live.size() > kMaxLiveUsers) return unfit("number of users");
  for (const auto& user : live)
    if (!is_short_lived_user(user)) return unfit("user");
  if (issued_unix_ms < 1 || issued_unix_ms / 1000 > kLatest) return unfit("time");
  auto out = fmt::format(
      "#!/bin/sh\npassport_verb='sweep'\npassport_issued='{}'\npassport_live='{}'\n",
      issued_unix_ms, fmt::join(live, " "));
  return out.append(kCommonText).append(kSweepText);
}

Result<ScriptAnswer> parse_script_answer(std::string_view output) {
  output = output.substr(0, kMaxScriptOutput);
  std::string_view line;
  while (!output.empty() && line.empty()) {
    const auto next = output.substr(0, output.find('\n'));
    if (next.starts_with(kLineStart)) line = next;
    output.remove_prefix(std::min(output.size(), next.size() + 1));
  }
  if (line.empty()) return Error{Errc::kProtocol, "script: no answer in its output"};
  const auto object = parse_json_object(line, "answer");
  if (!object) return broken("line");
  const auto outcome = find_string(*object, "outcome");
  const auto* const known = std::find_if(kOutcomes.begin(), kOutcomes.end(),
                                         [&](const auto& o) { return o.first == outcome; });
  if (known == kOutcomes.end()) return broken("outcome");
  ScriptAnswer out;
  out.outcome = known->second;
  if (auto read = read_strings(*object, out); !read) return read.error();
  if (auto read = read_counts(*object, out); !read) return read.error();
  if (auto read = read_lists(*object, out); !read) return read.error();
  const auto* sudo = object->if_contains("sudo");
  out.sudo = sudo != nullptr && sudo->is_bool() && sudo->get_bool();
  return out;
}

}  // namespace passport::service
