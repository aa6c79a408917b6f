// The beginning of a session: what the agent says that it is, and its encryption.
#include "wire/ssm/client_channel.h"

namespace passport::wire::ssm {

/// So do agents with every shell that is neither encrypted nor non-interactive
/// (amazon-ssm-agent sessionplugin.go Execute).
Result<void> ClientChannel::open_without_handshake() {
  if (auto agreed = check_encryption({}); !agreed) return agreed;
  session_type_ = kStandardStream;
  state_ = input_ended_ ? State::kFinishing : State::kOpen;
  attach_until_.reset();
  skip_until_.reset();
  size_due_ = true;  // the first may have come before the agent knew what to do with it
  release_first_bytes();
  return {};
}

Result<void> ClientChannel::check_session_type() const {
  const bool port = session_type_ == kPortSession;
  if (config_.accepts == Accepts::kPort && !port)
    return protocol_error("asked for a port session, was offered \"" + session_type_ + "\"");
  if (config_.accepts == Accepts::kShell && !is_shell())
    return protocol_error("asked for a shell, was offered \"" + session_type_ + "\"");
  if (!port && !is_shell())
    return protocol_error("the agent offered a session of unknown type \"" + session_type_ +
                          "\"");
  return {};
}

Result<void> ClientChannel::on_handshake_request(ByteView payload, Time now) {
  if (state_ != State::kAttaching)
    return protocol_error("the agent asked for a second handshake");
  const auto request = parse_handshake_request(payload);
  if (!request) return protocol_error(request.error().detail);
  agent_version_ = request->agent_version;
  session_type_ = request->session_type;
  properties_ = request->properties;
  if (auto accepted = check_session_type(); !accepted) return accepted;
  if (auto agreed = check_encryption(*request); !agreed) return agreed;
  response_ = {config_.client_version, {}};
  response_.actions.push_back({"SessionType", ActionStatus::kSuccess, ""});
  for (const auto& action : request->unknown_actions)
    response_.actions.push_back({action, ActionStatus::kUnsupported, "unknown action"});
  state_ = State::kHandshake;
  skip_until_.reset();
  attach_until_.reset();  // the owner's call of KMS has a deadline of its own
  if (request->kms_encryption)
    key_wanted_ = {request->kms_key_id, request->kms_challenge};
  else
    answer_handshake(now);
  return {};
}

Result<void> ClientChannel::check_encryption(const HandshakeRequest& request) const {
  const auto& expected = config_.expected_kms_key;
  if (expected.empty()) return {};
  if (!request.kms_encryption)
    return Error{Errc::kProtocol,
                 "asked for encryption with KMS key \"" + expected + "\", was offered none",
                 "set the key in the Session Manager preferences; agents encrypt shells alone"};
  if (is_same_key(expected, request.kms_key_id)) return {};
  return protocol_error("asked for encryption with KMS key \"" + expected +
                        "\", was offered \"" + request.kms_key_id + "\"");
}

void ClientChannel::answer_handshake(Time now) {
  stream_.push(PayloadType::kHandshakeResponse,
               as_bytes(serialize_handshake_response(response_)));
  response_ = {};
  attach_until_ = now + config_.attach_timeout;
}

Result<void> ClientChannel::provide_key(const DataKey& key, Time now) {
  if (!key_wanted_) return {};
  auto cipher = PayloadCipher::make(key.plaintext, PayloadCipher::End::kClient,
                                    PayloadCipher::make_nonce(uuids_()));
  if (!cipher) return cipher.error();
  stream_.encrypt_with(std::move(*cipher));
  response_.actions.push_back({std::string(kKmsEncryption), ActionStatus::kSuccess, "",
                               KmsResult{key.ciphertext, !key_wanted_->challenge.empty()}});
  key_wanted_.reset();
  answer_handshake(now);
  return {};
}

/// The agent sends random bytes, encrypted, and wants them back, encrypted by us.
Result<void> ClientChannel::on_encryption_challenge(ByteView payload) {
  if (!encrypted())
    return protocol_error("the agent sent an encryption challenge without encryption");
  if (state_ != State::kHandshake || challenged_)
    return protocol_error("the agent sent a second encryption challenge");
  const auto challenge = parse_encryption_challenge(payload);
  if (!challenge) return protocol_error(challenge.error().detail);
  Bytes plain;
  if (!stream_.cipher().decrypt(as_bytes(*challenge), plain))
    return protocol_error("the agent does not hold the session's data key");
  Bytes answer;
  stream_.cipher().encrypt(plain, answer);
  stream_.push(PayloadType::kEncChallengeResponse,
               as_bytes(serialize_encryption_challenge(answer)));
  challenged_ = true;
  return {};
}

Result<void> ClientChannel::on_handshake_complete(Time now) {
  if (state_ != State::kHandshake)
    return protocol_error("the agent completed a handshake that it had not begun");
  if (key_wanted_ || encrypted() != challenged_)
    return protocol_error("the agent completed the handshake before its encryption");
  state_ = input_ended_ ? State::kFinishing : State::kOpen;
  attach_until_.reset();
  hold_until_ = now + config_.first_bytes_hold;
  size_due_ = is_shell();  // one that came before the handshake was thrown away
  return {};
}

}  // namespace passport::wire::ssm
