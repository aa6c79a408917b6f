#include "service/access_request.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>
#include <openssl/sha.h>

#include "base/text.h"
#include "wire/aws/identifiers.h"

namespace passport::service {
namespace {

constexpr std::size_t kMaskedBytes = 8;

constexpr std::array<std::string_view, 8> kRequestStates = {
    {"pending", "provisioning", "active", "completing", "completed", "expired", "denied",
     "failed"}};
constexpr std::array<std::string_view, 6> kInstanceStates = {
    {"waiting", "provisioning", "active", "removing", "removed", "failed"}};
constexpr std::array<std::string_view, 8> kFields = {{"account", "region", "instances",
                                                      "reason", "ticket", "duration_s",
                                                      "key_type", "break_glass"}};

Error unusable(std::string_view field, std::string_view why) {
  return {Errc::kUsage, fmt::format("{}: {}", field, why)};
}

template <class State, std::size_t N>
std::optional<State> find_state(const std::array<std::string_view, N>& names,
                                std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<State>(at - names.begin());
}

/// One line of text for people. `field` may be absent when `least` is 0.
Result<std::string> read_text(const json::object& body, std::string_view field,
                              std::size_t least, std::size_t most) {
  const auto* value = body.if_contains(field);
  if (value == nullptr && least == 0) return std::string();
  if (value == nullptr) return unusable(field, "missing");
  if (!value->is_string()) return unusable(field, "not a string");
  std::string text(value->get_string());
  if (text.size() < least) return unusable(field, "empty");
  if (text.size() > most) return unusable(field, fmt::format("longer than {} bytes", most));
  if (escape_for_terminal(text, most) != text)
    return unusable(field, "a control character, or not UTF-8");
  return text;
}

Result<std::vector<std::string>> read_instances(const json::object& body) {
  const auto* list = find_array(body, "instances");
  if (list == nullptr || list->empty()) return unusable("instances", "not a list of ids");
  if (list->size() > kMaxInstances)
    return unusable("instances", fmt::format("more than {}", kMaxInstances));
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const auto& value : *list) {
    const std::string id = value.is_string() ? std::string(value.get_string()) : "";
    if (!wire::aws::is_instance_id(id))
      return unusable("instances", "\"" + escape_for_terminal(id, 40) + "\" is no instance id");
    if (!seen.insert(id).second) return unusable("instances", id + " is there twice");
    out.push_back(id);
  }
  return out;
}

Result<std::chrono::seconds> read_duration(const json::object& body) {
  const auto* value = body.if_contains("duration_s");
  if (value == nullptr) return kUsualDuration;
  if (!value->is_int64() || value->get_int64() < kLeastDuration.count() ||
      value->get_int64() > kLongestDuration.count())
    return unusable("duration_s", fmt::format("not {} to {} seconds", kLeastDuration.count(),
                                              kLongestDuration.count()));
  return std::chrono::seconds(value->get_int64());
}

Result<void> check_fields(const json::object& body) {
  for (const auto& member : body) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::find(kFields.begin(), kFields.end(), key) == kFields.end())
      return Error{Errc::kUsage, "unknown field \"" + escape_for_terminal(key, 40) + "\""};
  }
  return {};
}

}  // namespace

std::string_view to_string(RequestState state) {
  return kRequestStates.at(static_cast<std::size_t>(state));
}
std::optional<RequestState> find_request_state(std::string_view name) {
  return find_state<RequestState>(kRequestStates, name);
}
std::string_view to_string(InstanceState state) {
  return kInstanceStates.at(static_cast<std::size_t>(state));
}
std::optional<InstanceState> find_instance_state(std::string_view name) {
  return find_state<InstanceState>(kInstanceStates, name);
}

bool is_final(RequestState state) {
  return state == RequestState::kCompleted || state == RequestState::kExpired ||
         state == RequestState::kDenied || state == RequestState::kFailed;
}

Result<NewRequest> parse_new_request(const json::object& body) {
  NewRequest out;
  if (auto good = check_fields(body); !good) return good.error();
  out.account = find_string(body, "account");
  out.region = find_string(body, "region");
  if (out.account.size() != 12) return unusable("account", "not an account's id of 12 digits");
  if (!wire::aws::is_region(out.region)) return unusable("region", "not a region");
  auto instances = read_instances(body);
  if (!instances) return instances.error();
  auto reason = read_text(body, "reason", 1, kMaxReason);
  if (!reason) return reason.error();
  auto ticket = read_text(body, "ticket", 0, kMaxTicket);
  if (!ticket) return ticket.error();
  const auto duration = read_duration(body);
  if (!duration) return duration.error();
  auto key_type = read_text(body, "key_type", 0, 16);
  if (!key_type) return key_type.error();
  if (!key_type->empty() && *key_type != "ed25519" && *key_type != "rsa")
    return unusable("key_type", "neither \"ed25519\" nor \"rsa\"");
  if (const auto* value = body.if_contains("break_glass")) {
    if (!value->is_bool()) return unusable("break_glass", "neither true nor false");
    out.break_glass = value->get_bool();
  }
  out.instances = std::move(*instances);
  out.reason = std::move(*reason);
  out.ticket = std::move(*ticket);
  out.duration = *duration;
  out.key_type = std::move(*key_type);
  return out;
}

std::string make_linux_user(std::string_view owner, std::string_view request_id) {
  std::string text = "passport user\n";
  text.append(request_id).append("\n").append(owner);
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  const auto bytes = as_bytes(text);
  ::SHA256(bytes.data(), bytes.size(), digest.data());
  return "rs-" + encode_hex(ByteView(digest).first(kMaskedBytes));
}

bool is_request_id(std::string_view text) {
  return text.size() == 19 && text.starts_with("ar-") &&
         std::all_of(text.begin() + 3, text.end(),
                     [](char c) { return hex_value(c) >= 0 && (c < 'A' || c > 'F'); });
}

void activate(AccessRequest& request, Millis now) {
  request.state = RequestState::kProvisioning;
  request.activated_at = now;
  request.ends_at = now + request.duration;
  request.generation = 1;
}

Result<Millis> find_extended_end(const AccessRequest& request, std::chrono::seconds by,
                                 std::chrono::seconds longest, Millis now) {
  const bool runs = (request.state == RequestState::kActive ||
                     request.state == RequestState::kProvisioning) &&
                    now < request.ends_at;
  if (!runs)
    return Error{Errc::kConflict,
                 fmt::format("{} is {}", request.id,
                             is_final(request.state) || request.state == RequestState::kPending
                                 ? to_string(request.state)
                                 : "ending")};
  const auto limit =
      request.activated_at + std::min(longest, kLongestDuration).count() * kSecond;
  const auto end = request.ends_at + by.count() * kSecond;
  if (by.count() <= 0 || end > limit)
    return Error{Errc::kUsage,
                 fmt::format("duration_s: {} minutes can be added at most",
                             std::max<Millis>(0, limit - request.ends_at) / (60 * kSecond))};
  return end;
}

RequestState find_next_state(const AccessRequest& request,
                             const std::vector<RequestInstance>& instances, Millis now,
                             bool ended_by_somebody) {
  const auto all = [&](auto... states) {
    return std::all_of(instances.begin(), instances.end(),
                       [&](const RequestInstance& i) { return ((i.state == states) || ...); });
  };
  const auto any = [&](InstanceState state) {
    return std::any_of(instances.begin(), instances.end(),
                       [&](const RequestInstance& i) { return i.state == state; });
  };
  switch (request.state) {
    case RequestState::kProvisioning:
    case RequestState::kActive:
      if (now >= request.ends_at || all(InstanceState::kFailed))
        return RequestState::kCompleting;  // also what was made in part is removed
      return any(InstanceState::kActive) ? RequestState::kActive : request.state;
    case RequestState::kCompleting:
      if (!all(InstanceState::kRemoved, InstanceState::kFailed)) return request.state;
      if (ended_by_somebody) return RequestState::kCompleted;
      return now >= request.ends_at ? RequestState::kExpired : RequestState::kFailed;
    case RequestState::kPending:
    case RequestState::kCompleted:
    case RequestState::kExpired:
    case RequestState::kDenied:
    case RequestState::kFailed:
      break;
  }
  return request.state;
}

}  // namespace passport::service
