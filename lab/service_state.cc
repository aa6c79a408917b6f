#include "lab/service_state.h"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/time_text.h"
#include "wire/aws/sigv4.h"

namespace passport::lab {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::chrono::minutes kStreamUrlLife{1};

bool matches(const Secret& expected, std::string_view given) {
  const auto want = expected.reveal();
  return !want.empty() && want.size() == given.size() &&
         CRYPTO_memcmp(want.data(), given.data(), want.size()) == 0;
}

}  // namespace

const char* to_string(SessionState state) {
  switch (state) {
    case SessionState::kConnecting:
      return "Connecting";
    case SessionState::kConnected:
      return "Connected";
    case SessionState::kDisconnected:
      return "Disconnected";
    case SessionState::kTerminated:
      return "Terminated";
  }
  return "Failed";
}

bool TokenBucket::take(double rate, std::chrono::nanoseconds now) {
  const auto most = std::max(rate, 1.0);
  const auto since = std::chrono::duration<double>(now - filled_.value_or(now)).count();
  tokens_ = filled_ ? std::min(most, tokens_ + rate * since) : most;
  filled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::string Session::parameter(const std::string& name) const {
  const auto it = parameters.find(name);
  return it == parameters.end() || it->second.empty() ? "" : it->second.front();
}

bool Session::forwards() const {
  return document == kPortDocument || document == kRemoteHostDocument;
}

std::string Session::port() const {
  const auto given = parameter("portNumber");
  if (!given.empty()) return given;
  return forwards() ? "80" : "22";
}

std::string serialize_audit_entry(const AuditEntry& entry) {
  return json::serialize(json::object{{"time", format_iso_time(entry.unix_s)},
                                      {"principal", entry.principal},
                                      {"action", entry.action},
                                      {"target", entry.target},
                                      {"session", entry.session},
                                      {"result", entry.result}});
}

ServiceState::ServiceState(std::string region_name, RandomSource random)
    : region(std::move(region_name)),
      keys(fmt::format("arn:aws:kms:{}:{}:", region, kAccount), random),
      random_(std::move(random)) {}

void ServiceState::add_instance(KnownInstance instance) {
  auto id = instance.id;
  instances_.insert_or_assign(std::move(id), std::move(instance));
}

KnownInstance* ServiceState::find_instance(std::string_view id) {
  const auto it = instances_.find(id);
  return it == instances_.end() ? nullptr : &it->second;
}

std::string ServiceState::random_hex(std::size_t n) const {
  Bytes bytes(n);
  random_(bytes);
  return encode_hex(bytes);
}

std::string ServiceState::random_letters(std::string_view prefix, std::size_t n) const {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  Bytes bytes(n);
  random_(bytes);
  std::string out(prefix);
  for (const auto b : bytes) out += kAlphabet[b % kAlphabet.size()];
  return out;
}

std::string ServiceState::add_user_key(std::string_view user) {
  auto id = random_letters("AKIA", 16);
  const auto arn = fmt::format("arn:aws:iam::{}:user/{}", kAccount, user);
  StoredKey stored{{Secret(random_hex(20)), Secret(), 0},
                   {arn, random_letters("AIDA", 17), std::string(user), arn}};
  keys_.insert_or_assign(id, std::move(stored));
  return id;
}

ServiceState::TemporaryKey ServiceState::add_role_key(Principal principal,
                                                      std::int64_t expires_unix_s) {
  TemporaryKey made{random_letters("ASIA", 16), Secret(random_hex(20)), Secret(random_hex(64)),
                    expires_unix_s};
  StoredKey stored{{made.secret, made.session_token, expires_unix_s}, std::move(principal)};
  keys_.insert_or_assign(made.access_key_id, std::move(stored));
  role_keys_.push_back(made.access_key_id);
  if (role_keys_.size() > kMaxRoleKeys) {
    keys_.erase(role_keys_.front());
    role_keys_.pop_front();
  }
  return made;
}

std::optional<AccessKey> ServiceState::find_key(std::string_view access_key_id) const {
  const auto it = keys_.find(access_key_id);
  if (it == keys_.end()) return std::nullopt;
  auto key = it->second.key;
  if (faults.expired) key.expires_unix_s = 1;
  return key;
}

const Principal* ServiceState::find_principal(std::string_view access_key_id) const {
  const auto it = keys_.find(access_key_id);
  return it == keys_.end() ? nullptr : &it->second.principal;
}

const Session& ServiceState::start_session(const Principal& owner, Session wanted,
                                           std::int64_t now_unix_s) {
  wanted.id = fmt::format("{}-{}", owner.name, random_hex(9).substr(0, 17));
  wanted.owner = owner.arn;
  wanted.kms_key = session_key;
  wanted.started_unix_s = now_unix_s;
  wanted.cell_number = "AAE" + random_hex(24);
  wanted.client_token = Secret(random_hex(kTokenBytes));
  const auto id = wanted.id;
  events_.push_back({SessionEvent::Kind::kStarted, id});
  return sessions_.insert_or_assign(id, std::move(wanted)).first->second;
}

const Session* ServiceState::resume_session(std::string_view id) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || it->second.state == SessionState::kTerminated) return nullptr;
  it->second.cell_number = "AAE" + random_hex(24);
  it->second.client_token = Secret(random_hex(kTokenBytes));
  events_.push_back({SessionEvent::Kind::kResumed, std::string(id)});
  return &it->second;
}

bool ServiceState::end_session(std::string_view id, std::int64_t now_unix_s) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || it->second.state == SessionState::kTerminated) return false;
  it->second.state = SessionState::kTerminated;
  it->second.ended_unix_s = now_unix_s;
  it->second.client_token = Secret();
  it->second.agent_token = Secret();
  events_.push_back({SessionEvent::Kind::kTerminated, std::string(id)});
  ended_.emplace_back(id);
  forget_old_sessions();
  return true;
}

void ServiceState::forget_old_sessions() {
  if (ended_.size() <= kMaxHistory) return;
  sessions_.erase(ended_.front());
  ended_.pop_front();
}

const Session* ServiceState::find_session(std::string_view id) const {
  const auto it = sessions_.find(id);
  return it == sessions_.end() ? nullptr : &it->second;
}

void ServiceState::set_session_state(std::string_view id, SessionState state) {
  const auto it = sessions_.find(id);
  if (it != sessions_.end() && it->second.state != SessionState::kTerminated) {
    it->second.state = state;
  }
}

std::string ServiceState::stream_url(const Session& session, std::int64_t now_unix_s) const {
  wire::HttpRequest open;
  open.target = fmt::format("/v1/data-channel/{}?role=publish_subscribe&cell-number={}",
                            session.id, session.cell_number);
  const auto key = find_key(stream_key);
  if (key) {
    const std::chrono::sys_seconds now{std::chrono::seconds(now_unix_s)};
    open.target = wire::aws::presign(open, endpoint, {stream_key, key->secret, {}},
                                     {region, "ssmmessages", now}, kStreamUrlLife);
  }
  return "wss://" + endpoint.authority() + open.target;
}

bool ServiceState::take_client_token(std::string_view id, std::string_view token,
                                     std::string_view cell_number) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || !matches(it->second.client_token, token) ||
      it->second.cell_number != cell_number) {
    return false;
  }
  it->second.client_token = Secret();
  return true;
}

std::string ServiceState::issue_agent_token(std::string_view id) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || it->second.state == SessionState::kTerminated) return {};
  auto token = random_hex(kTokenBytes);
  it->second.agent_token = Secret(token);
  return token;
}

bool ServiceState::take_agent_token(std::string_view id, std::string_view token) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || !matches(it->second.agent_token, token)) return false;
  it->second.agent_token = Secret();
  return true;
}

std::string ServiceState::issue_control_token(std::string_view instance_id) {
  if (!find_instance(instance_id)) return {};
  auto token = random_hex(kTokenBytes);
  control_tokens_.insert_or_assign(std::string(instance_id), Secret(token));
  return token;
}

bool ServiceState::take_control_token(std::string_view instance_id, std::string_view token) {
  const auto it = control_tokens_.find(instance_id);
  if (it == control_tokens_.end() || !matches(it->second, token)) return false;
  control_tokens_.erase(it);
  return true;
}

void ServiceState::audit(AuditEntry entry) {
  if (audit_.size() < kMaxAudit) audit_.push_back(std::move(entry));
}

std::vector<AuditEntry> ServiceState::take_audit() {
  return std::exchange(audit_, {});
}

std::vector<SessionEvent> ServiceState::take_events() {
  return std::exchange(events_, {});
}

}  // namespace passport::lab
