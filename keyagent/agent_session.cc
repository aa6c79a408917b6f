#include "keyagent/agent_session.h"

#include <algorithm>
#include <array>
#include <optional>

#include "wire/ssh/agent_message.h"
#include "wire/ssh/encoding.h"

namespace passport::keyagent {
namespace {

using Message = wire::ssh::AgentMessage;
using wire::ssh::append_string;
using wire::ssh::KeyType;
using wire::ssh::read_string;
using wire::ssh::SignatureAlgorithm;

/// RFC 9987 section 8.3, "Signature flags".
constexpr std::uint32_t kRsaSha256Flag = 2;
constexpr std::uint32_t kRsaSha512Flag = 4;

constexpr std::uint8_t kUserauthRequest = 50;  // RFC 4252 section 6
constexpr std::string_view kBindExtension = "session-bind@openssh.com";
constexpr std::string_view kQueryExtension = "query";
constexpr std::size_t kSaltSize = 16;

Bytes only(Message message) {
  return {static_cast<std::uint8_t>(message)};
}

std::uint8_t read_byte(ByteReader& in) {
  const auto byte = in.take(1);
  return byte.empty() ? std::uint8_t{0} : byte[0];
}

std::optional<SignatureAlgorithm> choose_algorithm(KeyType type, std::uint32_t flags) {
  switch (type) {
    case KeyType::kEd25519:
      return SignatureAlgorithm::kEd25519;
    case KeyType::kEcdsaP256:
      return SignatureAlgorithm::kEcdsaP256;
    case KeyType::kEcdsaP384:
      return SignatureAlgorithm::kEcdsaP384;
    case KeyType::kRsa:
      break;
  }
  if ((flags & kRsaSha512Flag) != 0) return SignatureAlgorithm::kRsaSha512;
  if ((flags & kRsaSha256Flag) != 0) return SignatureAlgorithm::kRsaSha256;
  return flags == 0 ? std::optional(SignatureAlgorithm::kRsaSha1) : std::nullopt;
}

/// What a client signs to log in: RFC 4252 section 7, and OpenSSH's host-bound form of it.
struct LoginRequest {
  ByteView session_id;
  ByteView key;
  std::optional<ByteView> host_key;
};

std::optional<LoginRequest> parse_login(ByteView data) {
  ByteReader in(data);
  LoginRequest out;
  out.session_id = read_string(in);
  const auto type = read_byte(in);
  (void)read_string(in);  // the user
  const auto service = as_text(read_string(in));
  const auto method = as_text(read_string(in));
  const auto has_signature = read_byte(in);
  (void)read_string(in);  // the algorithm
  out.key = read_string(in);
  const bool bound = method == "publickey-hostbound-v00@openssh.com";
  if (bound) out.host_key = read_string(in);
  const bool login = type == kUserauthRequest && service == "ssh-connection" &&
                     (bound || method == "publickey") && has_signature == 1;
  if (!in.ok() || in.left() != 0 || !login) return std::nullopt;
  return out;
}

bool same(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

Bytes AgentSession::answer(ByteView message, Time now) {
  if (message.empty() || message.size() > kMaxMessage) return only(Message::kFailure);
  const ByteReader in(message.subspan(1));
  switch (static_cast<Message>(message[0])) {
    case Message::kRequestIdentities:
      return in.left() == 0 ? list(now) : only(Message::kFailure);
    case Message::kSignRequest:
      return sign(in, now);
    case Message::kLock:
      return lock(in);
    case Message::kUnlock:
      return unlock(in);
    case Message::kExtension:
      return extend(in);
    default:
      return only(Message::kFailure);
  }
}

Bytes AgentSession::list(Time now) const {
  const auto identities = closed_ ? std::vector<const Identity*>() : keyring_.list(now);
  auto out = only(Message::kIdentitiesAnswer);
  append_u32(out, static_cast<std::uint32_t>(identities.size()));
  for (const auto* identity : identities) {
    append_string(out, identity->blob);
    append_string(out, identity->comment);
  }
  return out;
}

Bytes AgentSession::sign(ByteReader in, Time now) const {
  const auto blob = read_string(in);
  const auto data = read_string(in);
  const auto flags = in.u32();
  if (!in.ok() || in.left() != 0) return only(Message::kFailure);
  const auto* identity = keyring_.find(blob, now);
  if (identity == nullptr || !may_sign(*identity, data)) return only(Message::kFailure);
  const auto algorithm = choose_algorithm(identity->signer->public_key().type, flags);
  if (!algorithm) return only(Message::kFailure);
  const auto signature = identity->signer->sign(*algorithm, data);
  if (!signature) return only(Message::kFailure);
  auto out = only(Message::kSignResponse);
  append_string(out, *signature);
  return out;
}

bool AgentSession::may_sign(const Identity& identity, ByteView data) const {
  if (closed_) return false;
  if (!bind_) return identity.host_keys.empty();
  const auto login = parse_login(data);
  if (!login || !same(login->session_id, bind_->session_id) || !same(login->key, identity.blob))
    return false;
  if (login->host_key && !same(*login->host_key, bind_->host_key.blob)) return false;
  const auto& allowed = identity.host_keys;
  return allowed.empty() ||
         std::find(allowed.begin(), allowed.end(), bind_->host_key) != allowed.end();
}

Bytes AgentSession::lock(ByteReader in) {
  const auto passphrase = read_string(in);
  if (!in.ok() || in.left() != 0) return only(Message::kFailure);
  std::array<std::uint8_t, kSaltSize> salt{};
  random_(salt);
  return only(keyring_.lock(passphrase, salt) ? Message::kSuccess : Message::kFailure);
}

Bytes AgentSession::unlock(ByteReader in) {
  const auto passphrase = read_string(in);
  if (!in.ok() || in.left() != 0) return only(Message::kFailure);
  return only(keyring_.unlock(passphrase) ? Message::kSuccess : Message::kFailure);
}

Bytes AgentSession::extend(ByteReader in) {
  const auto name = as_text(read_string(in));
  if (!in.ok()) return only(Message::kFailure);
  if (name == kQueryExtension && in.left() == 0) {
    auto out = only(Message::kExtensionResponse);
    for (const auto text : {kQueryExtension, kQueryExtension, kBindExtension})
      append_string(out, text);  // the answer's own name, then those that there are
    return out;
  }
  if (name != kBindExtension) return only(Message::kFailure);
  if (bind(in)) return only(Message::kSuccess);
  closed_ = true;
  return only(Message::kExtensionFailure);
}

/// Also while locked: a bind that was left out would make a forwarded client look local.
bool AgentSession::bind(ByteReader in) {
  const auto host_key = wire::ssh::parse_public_key(read_string(in));
  const auto session_id = read_string(in);
  const auto signature = read_string(in);
  const auto forwarding = read_byte(in);
  if (!in.ok() || in.left() != 0 || !host_key || session_id.empty()) return false;
  if (!verify(*host_key, signature, session_id)) return false;
  if (forwarding != 0 || closed_) return false;
  if (bind_ && same(bind_->session_id, session_id)) return bind_->host_key == *host_key;
  // A connection that logs in to one server has no other session to be bound to.
  if (bind_) return false;
  bind_ = {*host_key, Bytes(session_id.begin(), session_id.end())};
  return true;
}

}  // namespace passport::keyagent
