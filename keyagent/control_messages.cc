#include "keyagent/control_messages.h"

#include <algorithm>
#include <array>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/exit_code.h"

namespace passport::keyagent {
namespace {

using Verb = ControlRequest::Verb;

constexpr std::array<std::pair<Verb, std::string_view>, 5> kVerbs = {{
    {Verb::kStatus, "status"},
    {Verb::kList, "list"},
    {Verb::kAddRequest, "add-request"},
    {Verb::kDropRequest, "drop-request"},
    {Verb::kStop, "stop"},
}};

constexpr std::array<std::pair<KeyChoice, std::string_view>, 3> kChoices = {{
    {KeyChoice::kAll, "all"},
    {KeyChoice::kEd25519, "ed25519"},
    {KeyChoice::kRsa, "rsa"},
}};

constexpr std::size_t kMaxId = 64;
constexpr std::size_t kMaxCommand = 8192;

Error malformed(std::string detail) {
  return {Errc::kMalformed, "control request: " + std::move(detail)};
}

std::int64_t find_number(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

Result<std::vector<wire::ssh::PublicKey>> parse_host_keys(const json::array& lines) {
  std::vector<wire::ssh::PublicKey> out;
  if (lines.size() > kMaxHostKeys)
    return Error{Errc::kUsage, fmt::format("more than {} host keys", kMaxHostKeys)};
  for (const auto& line : lines) {
    if (!line.is_string()) return malformed("a host key is no text");
    auto key = wire::ssh::parse_public_key_line(std::string_view(line.get_string()));
    if (!key) return Error{Errc::kUsage, "host key: " + key.error().detail};
    out.push_back(std::move(*key));
  }
  return out;
}

Result<HeldRequest> parse_request(const json::object& object) {
  HeldRequest out;
  out.end = Time(std::chrono::seconds(find_number(object, "end")));
  auto keys = parse_key_choice(find_string(object, "keys"));
  if (!keys) return keys.error();
  out.keys = *keys;
  out.certificate_command = find_string(object, "certificate_command");
  if (out.certificate_command.empty() || out.certificate_command.size() > kMaxCommand)
    return Error{Errc::kUsage,
                 fmt::format("a certificate command of 1 to {} bytes is needed", kMaxCommand)};
  if (const auto* lines = find_array(object, "host_keys")) {
    auto host_keys = parse_host_keys(*lines);
    if (!host_keys) return host_keys.error();
    out.host_keys = std::move(*host_keys);
  }
  return out;
}

}  // namespace

Result<KeyChoice> parse_key_choice(std::string_view text) {
  for (const auto& [choice, name] : kChoices)
    if (text == name) return choice;
  return Error{Errc::kUsage, fmt::format("\"{}\" is none of ed25519, rsa and all", text)};
}

std::string_view to_string(KeyChoice choice) {
  return std::find_if(kChoices.begin(), kChoices.end(),
                      [&](const auto& entry) { return entry.first == choice; })
      ->second;
}

bool is_request_id(std::string_view text) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !text.empty() && text.size() <= kMaxId &&
         text.find_first_not_of(kLetters) == std::string_view::npos;
}

std::string serialize_control_request(const ControlRequest& request) {
  json::object out;
  for (const auto& [verb, name] : kVerbs)
    if (verb == request.verb) out["verb"] = name;
  const auto& held = request.request;
  if (!held.id.empty()) out["id"] = held.id;
  if (request.verb == Verb::kAddRequest) {
    out["end"] = held.end.time_since_epoch().count();
    out["keys"] = to_string(held.keys);
    out["certificate_command"] = held.certificate_command;
    json::array lines;
    for (const auto& key : held.host_keys)
      lines.emplace_back(wire::ssh::render_public_key(key, ""));
    out["host_keys"] = std::move(lines);
  }
  return json::serialize(out);
}

Result<ControlRequest> parse_control_request(std::string_view line) {
  if (line.size() > kMaxControlLine) return Error{Errc::kTooLarge, "control request"};
  const auto object = parse_json_object(line, "control request");
  if (!object) return object.error();
  const auto name = find_string(*object, "verb");
  const auto* verb = std::find_if(kVerbs.begin(), kVerbs.end(),
                                  [&](const auto& entry) { return entry.second == name; });
  if (verb == kVerbs.end()) return malformed("of an unknown verb");
  ControlRequest out;
  out.verb = verb->first;
  if (out.verb == Verb::kAddRequest) {
    auto request = parse_request(*object);
    if (!request) return request.error();
    out.request = std::move(*request);
  }
  if (out.verb == Verb::kAddRequest || out.verb == Verb::kDropRequest) {
    out.request.id = find_string(*object, "id");
    if (!is_request_id(out.request.id))
      return Error{Errc::kUsage, "a request's id is 1 to 64 letters, digits, '.', '_' and '-'"};
  }
  return out;
}

std::string serialize_control_error(const Error& error) {
  json::object out;
  out["error"] = error.detail;
  out["hint"] = error.hint;
  out["status"] = exit_code(error.code);
  return json::serialize(out);
}

Result<ControlAnswer> parse_control_answer(std::string_view line) {
  auto object = parse_json_object(line, "the agent's answer");
  if (!object) return Error{Errc::kProtocol, object.error().detail};
  ControlAnswer out;
  out.error = find_string(*object, "error");
  out.hint = find_string(*object, "hint");
  out.status = static_cast<int>(find_number(*object, "status"));
  if (!out.error.empty() && (out.status <= 0 || out.status > 255))
    return Error{Errc::kProtocol, "the agent's answer: an error without a status"};
  out.object = std::move(*object);
  return out;
}

}  // namespace passport::keyagent
