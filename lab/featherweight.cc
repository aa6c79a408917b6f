#include "lab/featherweight.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <openssl/sha.h>

#include "base/json.h"
#include "lab/time_text.h"
#include "wire/ssh/encoding.h"
#include "wire/ssh/public_key.h"

namespace passport::lab {
namespace {

constexpr std::string_view kVariable = "passport_";
constexpr std::size_t kMaxHead = 32 << 10;  // bytes of a script in which its head is
constexpr std::size_t kMaxNamed = 40;       // users in the answer of a sweep
constexpr std::string_view kSshd = "OpenSSH_9.2p1";
constexpr int kCommandNotFound = 127;

std::string_view find_value(const std::map<std::string_view, std::string_view>& head,
                            std::string_view name) {
  const auto found = head.find(name);
  return found == head.end() ? std::string_view() : found->second;
}

/// -1 for what is no number.
std::int64_t find_number(const std::map<std::string_view, std::string_view>& head,
                         std::string_view name) {
  const auto text = find_value(head, name);
  std::int64_t out = 0;
  const auto* end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, out);
  return r.ec == std::errc() && r.ptr == end ? out : -1;
}

bool contains_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto next = words.substr(0, words.find(' '));
    if (next == word) return true;
    words.remove_prefix(std::min(words.size(), next.size() + 1));
  }
  return false;
}

std::string answer(json::object fields) {
  json::object out{{"passport", 1}};
  for (auto& field : fields) out[field.key()] = std::move(field.value());
  return json::serialize(out) + "\n";
}

std::string answer_failure(std::string_view error) {
  return answer({{"outcome", "failed"}, {"error", error}});
}

}  // namespace

Featherweight::Head Featherweight::read_head(std::string_view script) {
  Head out;
  script = script.substr(0, kMaxHead);
  while (!script.empty()) {
    const auto line = script.substr(0, script.find('\n'));
    script.remove_prefix(std::min(script.size(), line.size() + 1));
    const auto equals = line.find("='");
    if (!line.starts_with(kVariable) || equals == std::string_view::npos ||
        !line.ends_with('\'')) {
      if (!out.empty()) break;
      continue;
    }
    const auto value = line.substr(equals + 2);
    out[line.substr(kVariable.size(), equals - kVariable.size())] =
        value.substr(0, value.size() - 1);
  }
  return out;
}

std::string Featherweight::host_key() const {
  Bytes point(SHA256_DIGEST_LENGTH);
  const auto id = as_bytes(id_);
  SHA256(id.data(), id.size(), point.data());
  wire::ssh::PublicKey key;
  wire::ssh::append_string(key.blob, wire::ssh::name_of(key.type));
  wire::ssh::append_string(key.blob, ByteView(point));
  return wire::ssh::render_public_key(key, "");
}

const Featherweight::Users& Featherweight::users(std::int64_t now_unix_s) {
  for (auto& [name, user] : users_) user.live = user.live && now_unix_s < user.end_unix_s;
  return users_;
}

CommandOutcome Featherweight::run(std::string_view script, std::int64_t now_unix_s,
                                  const Changed& changed) {
  const auto head = read_head(script);
  const auto verb = find_value(head, "verb");
  users(now_unix_s);
  if (verb == "provision") return {0, false, provision(head, now_unix_s, changed), ""};
  if (verb == "remove") return {0, false, remove(head, changed), ""};
  if (verb == "sweep") return {0, false, sweep(head, changed), ""};
  return {kCommandNotFound, false, "", "sh: this machine has no commands\n"};
}

std::string Featherweight::provision(const Head& head, std::int64_t now_unix_s,
                                     const Changed& changed) {
  FeatherweightUser wanted{find_number(head, "generation"),   find_number(head, "end"),
                           find_number(head, "issued"),       true,
                           find_value(head, "sudo") == "yes", 0};
  for (const auto* name : {"ca_1", "ca_2", "ca_3", "ca_4"})
    wanted.keys = wanted.keys * 31 + std::hash<std::string_view>()(find_value(head, name));
  const auto name = find_value(head, "user");
  if (name.empty() || wanted.generation < 1 || wanted.end_unix_s < 1)
    return answer_failure("unusable head");
  const auto found = users_.find(name);
  const auto* had = found == users_.end() ? nullptr : &found->second;
  const auto say = [&](std::string_view outcome, const FeatherweightUser* user) {
    const bool live = outcome == "live";
    return answer({{"outcome", outcome},
                   {"generation", user ? user->generation : 0},
                   {"end", user ? user->end_unix_s : 0},
                   {"home", live ? fmt::format("/home/{}", name) : std::string()},
                   {"sudo", live && user->sudo},
                   {"sshd", kSshd},
                   {"host_keys", json::array{host_key()}}});
  };
  const bool same = had && had->generation == wanted.generation &&
                    had->end_unix_s == wanted.end_unix_s && had->sudo == wanted.sudo &&
                    had->keys == wanted.keys;
  if (had && !had->live && wanted.generation <= had->generation) return say("gone", had);
  if (had && had->live && wanted.generation < had->generation) return say("live", had);
  if (had && had->live && wanted.generation == had->generation)
    return say(same ? "live" : "conflict", had);
  if (wanted.end_unix_s <= now_unix_s) return say("past", had);
  const auto& now = users_.insert_or_assign(std::string(name), wanted).first->second;
  changed(std::string(name), now);
  return say("live", &now);
}

std::string Featherweight::remove(const Head& head, const Changed& changed) {
  const auto generation = find_number(head, "generation");
  const std::string name(find_value(head, "user"));
  if (name.empty() || generation < 1) return answer_failure("unusable head");
  auto& user = users_[name];
  const bool older = user.generation > generation;
  if (!older && !(user.live && user.generation == generation)) {
    const bool was_live = std::exchange(user.live, false);
    user.generation = generation;
    user.issued_unix_ms = find_number(head, "issued");
    user.end_unix_s = std::max(user.end_unix_s, find_number(head, "end"));
    if (was_live) changed(name, user);
  }
  return answer({{"outcome", user.live ? "live" : "gone"},
                 {"generation", user.generation},
                 {"end", user.end_unix_s}});
}

std::string Featherweight::sweep(const Head& head, const Changed& changed) {
  const auto issued = find_number(head, "issued");
  const auto live = find_value(head, "live");
  json::array names;
  std::size_t removed = 0;
  for (auto& [name, user] : users_) {
    if (!user.live || user.issued_unix_ms >= issued || contains_word(live, name)) continue;
    user.live = false;
    changed(name, user);
    if (++removed <= kMaxNamed) names.emplace_back(name);
  }
  return answer(
      {{"outcome", "swept"}, {"removed", removed}, {"failed", 0}, {"users", std::move(names)}});
}

std::string serialize_featherweight_change(std::string_view instance_id, std::string_view user,
                                           const FeatherweightUser& now,
                                           std::int64_t now_unix_s) {
  return json::serialize(json::object{{"time", format_iso_time(now_unix_s)},
                                      {"instance", instance_id},
                                      {"user", user},
                                      {"live", now.live},
                                      {"generation", now.generation},
                                      {"end", now.end_unix_s}});
}

}  // namespace passport::lab
