#include "service/request_actions.h"

#include <algorithm>
#include <array>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <openssl/sha.h>

#include "base/text.h"
#include "service/labels.h"
#include "service/notices.h"

namespace passport::service {
namespace {

constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kMaxIdempotencyKey = 64;

std::string make_request_id(const RandomSource& random) {
  std::array<std::uint8_t, kIdBytes> bytes{};
  random(bytes);
  return "ar-" + encode_hex(bytes);
}

/// Of what was asked for, so that a key which is used again is known to mean the same.
std::string digest_of(const NewRequest& wanted) {
  json::array parts = {wanted.account,    wanted.region,           wanted.reason,
                       wanted.ticket,     wanted.duration.count(), wanted.key_type,
                       wanted.break_glass};
  for (const auto& instance : wanted.instances) parts.emplace_back(instance);
  const auto text = json::serialize(parts);
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  const auto bytes = as_bytes(text);
  ::SHA256(bytes.data(), bytes.size(), digest.data());
  return encode_hex(digest);
}

bool is_idempotency_key(const std::string& key) {
  return key.size() <= kMaxIdempotencyKey &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
}

Result<void> check_wanted(const NewRequest& wanted, const Account& account,
                          const ActionContext& context) {
  if (!account.regions.contains(wanted.region))
    return Error{Errc::kUsage, fmt::format("region: {} is not one of account {}'s",
                                           wanted.region, account.id)};
  if (wanted.duration > context.config.longest)
    return Error{Errc::kUsage,
                 fmt::format("duration_s: {} at most", context.config.longest.count())};
  const auto& may = account.break_glass;
  const auto& groups = context.subject.groups;
  if (wanted.break_glass && std::none_of(groups.begin(), groups.end(), [&](const auto& group) {
        return may.contains(group);
      }))
    return Error{Errc::kDenied, "break_glass: none of your groups may do without approval"};
  return {};
}

/// Of what others have to know at once.
Result<void> tell(SqlTransaction& transaction, const Config& config,
                  const AccessRequest& request) {
  if (config.notify.empty()) return {};
  if (request.break_glass) return insert_notice(transaction, request.id, "break_glass");
  if (request.state == RequestState::kPending)
    return insert_notice(transaction, request.id, "pending");
  return {};
}

Error not_pending(const AccessRequest& request) {
  return {Errc::kConflict, fmt::format("{} is {}", request.id, to_string(request.state))};
}

}  // namespace

Result<AccessRequest> create_request(SqlTransaction& transaction, const ActionContext& context,
                                     const NewRequest& wanted,
                                     const std::string& idempotency_key) {
  const auto& account = context.config.accounts.at(wanted.account);
  if (auto good = check_wanted(wanted, account, context); !good) return good.error();
  if (!is_idempotency_key(idempotency_key))
    return Error{Errc::kUsage, "Idempotency-Key: at most 64 characters without blanks"};
  const auto digest = digest_of(wanted);
  if (!idempotency_key.empty()) {
    const auto before = find_idempotent(transaction, context.subject.user, idempotency_key);
    if (!before) return before.error();
    if (*before && (*before)->digest != digest)
      return Error{Errc::kConflict, "Idempotency-Key: it was used for another request"};
    if (*before) {
      auto stored = load_request(transaction, (*before)->id);
      if (!stored) return stored.error();
      return (*stored)->request;
    }
  }
  AccessRequest request;
  request.id = make_request_id(context.random);
  request.account = wanted.account;
  request.region = wanted.region;
  request.owner = context.subject.user;
  request.linux_user = make_linux_user(request.owner, request.id);
  request.reason = wanted.reason;
  request.ticket = wanted.ticket;
  request.key_type = wanted.key_type;
  request.duration = wanted.duration.count() * kSecond;
  request.break_glass = wanted.break_glass;
  request.created_at = transaction.now();
  request.approvals_needed = wanted.break_glass ? 0 : account.approvals;
  if (request.approvals_needed == 0) activate(request, transaction.now());
  auto inserted =
      insert_request(transaction, request, wanted.instances, idempotency_key, digest);
  if (!inserted) return inserted.error();
  if (auto noted = tell(transaction, context.config, request); !noted) return noted.error();
  return request;
}

Result<void> extend_request(SqlTransaction& transaction, const ActionContext& context,
                            StoredRequest& stored, std::chrono::seconds by) {
  auto& request = stored.request;
  const auto end = find_extended_end(request, by, context.config.longest, transaction.now());
  if (!end) return end.error();
  request.ends_at = *end;
  ++request.generation;
  if (auto updated = update_request(transaction, stored); !updated) return updated;
  return move_instances(transaction, request.id,
                        {InstanceState::kActive, InstanceState::kProvisioning},
                        InstanceState::kWaiting);
}

Result<void> complete_request(SqlTransaction& transaction, const ActionContext& context,
                              StoredRequest& stored) {
  auto& request = stored.request;
  if (is_final(request.state) || request.state == RequestState::kCompleting) return {};
  stored.ended_by = context.subject.user;
  if (request.state == RequestState::kPending) {
    request.state = RequestState::kCompleted;
    request.finished_at = transaction.now();
    return update_request(transaction, stored);
  }
  request.state = RequestState::kCompleting;
  ++request.generation;
  if (auto updated = update_request(transaction, stored); !updated) return updated;
  return move_instances(transaction, request.id,
                        {InstanceState::kWaiting, InstanceState::kProvisioning,
                         InstanceState::kActive, InstanceState::kFailed},
                        InstanceState::kRemoving);
}

Result<void> approve_request(SqlTransaction& transaction, const ActionContext& context,
                             StoredRequest& stored) {
  auto& request = stored.request;
  if (request.state != RequestState::kPending) return not_pending(request);
  const auto fresh = insert_approval(transaction, request.id, context.subject.user);
  if (!fresh) return fresh.error();
  if (!*fresh) return Error{Errc::kConflict, "you have approved " + request.id + " before"};
  const auto approvals = count_approvals(transaction, request.id);
  if (!approvals) return approvals.error();
  if (*approvals < request.approvals_needed) return {};
  activate(request, transaction.now());
  return update_request(transaction, stored);
}

Result<void> deny_request(SqlTransaction& transaction, StoredRequest& stored) {
  auto& request = stored.request;
  if (request.state != RequestState::kPending) return not_pending(request);
  request.state = RequestState::kDenied;
  request.finished_at = transaction.now();
  return update_request(transaction, stored);
}

json::object describe_request(const AccessRequest& request) {
  json::object out{{"id", request.id},
                   {"account", request.account},
                   {"region", request.region},
                   {"owner", request.owner},
                   {"user", request.linux_user},
                   {"reason", request.reason},
                   {"state", to_string(request.state)},
                   {"duration_s", request.duration / kSecond},
                   {"created_at", request.created_at / kSecond}};
  if (!request.ticket.empty()) out["ticket"] = request.ticket;
  if (!request.key_type.empty()) out["key_type"] = request.key_type;
  if (request.approvals_needed > 0) out["approvals_needed"] = request.approvals_needed;
  if (request.break_glass) out["break_glass"] = true;
  if (request.activated_at > 0) out["activated_at"] = request.activated_at / kSecond;
  if (request.ends_at > 0) out["ends_at"] = request.ends_at / kSecond;
  if (request.finished_at > 0) out["finished_at"] = request.finished_at / kSecond;
  return out;
}

json::object describe_request(const AccessRequest& request,
                              const std::vector<RequestInstance>& instances,
                              const Config& config) {
  auto out = describe_request(request);
  const auto account = config.accounts.find(request.account);
  json::array list;
  for (const auto& instance : instances) {
    json::object one{{"id", instance.instance_id}, {"state", to_string(instance.state)}};
    if (!instance.error.empty()) one["error"] = instance.error;
    if (!instance.sshd_version.empty()) one["sshd_version"] = instance.sshd_version;
    if (!instance.home.empty()) one["home"] = instance.home;
    json::array keys;
    for (std::string_view rest = instance.host_keys; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      if (end > 0) keys.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!keys.empty()) one["host_keys"] = std::move(keys);
    if (account != config.accounts.end() && !instance.labels.empty())
      describe_labels(one, parse_labels(instance.labels), account->second);
    list.push_back(std::move(one));
  }
  out["instances"] = std::move(list);
  return out;
}

}  // namespace passport::service
