// The messages of the agent protocol by bytes, and who may have what signed.
#include "keyagent/agent_session.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "wire/ssh/encoding.h"
#include "wire/ssh/private_key.h"

namespace passport::keyagent {
namespace {

using namespace std::chrono_literals;
using wire::ssh::append_string;
using wire::ssh::PrivateKey;
using wire::ssh::SignatureAlgorithm;

const Time kNow{1790000000s};
const Bytes kFailure = {5};
const Bytes kSuccess = {6};
const Bytes kExtensionFailure = {28};
const Bytes kNoIdentities = {12, 0, 0, 0, 0};

PrivateKey make_key(std::uint8_t fill) {
  auto key = PrivateKey::from_ed25519_seed(Bytes(32, fill));
  EXPECT_TRUE(key);
  return std::move(*key);
}

Bytes message(std::uint8_t type, std::initializer_list<ByteView> strings) {
  Bytes out = {type};
  for (const auto text : strings) append_string(out, text);
  return out;
}

/// What a client signs to log in to the session `session_id`.
Bytes make_login(ByteView session_id, ByteView key, const wire::ssh::PublicKey* host_key) {
  Bytes out;
  append_string(out, session_id);
  out.push_back(50);
  append_string(out, std::string_view("rs-0a1b"));
  append_string(out, std::string_view("ssh-connection"));
  append_string(
      out, std::string_view(host_key ? "publickey-hostbound-v00@openssh.com" : "publickey"));
  out.push_back(1);
  append_string(out, std::string_view("ssh-ed25519"));
  append_string(out, key);
  if (host_key) append_string(out, host_key->blob);
  return out;
}

class Agent : public testing::Test {
 protected:
  Agent() { add({}); }

  void add(std::vector<wire::ssh::PublicKey> host_keys) {
    Identity identity;
    identity.signer = std::make_shared<PrivateKey>(make_key(1));
    identity.blob = key.public_key().blob;
    identity.comment = "rs-0a1b";
    identity.valid_before = kNow + 1h;
    identity.host_keys = std::move(host_keys);
    ASSERT_TRUE(keyring.put("request", {identity}));
  }
  Bytes say(const Bytes& what) { return session.answer(what, kNow); }
  Bytes sign_request(ByteView data) {
    auto out = message(13, {key.public_key().blob, data});
    append_u32(out, 0);
    return out;
  }
  bool signs(ByteView data) {
    const auto answer = say(sign_request(data));
    if (answer == kFailure) return false;
    EXPECT_EQ(answer.at(0), 14);
    ByteReader in(ByteView(answer).subspan(1));
    EXPECT_TRUE(verify(key.public_key(), wire::ssh::read_string(in), data));
    return true;
  }
  Bytes bind_request(PrivateKey& server, std::string_view session_id, bool forwarding) {
    const auto signature = server.sign(SignatureAlgorithm::kEd25519, as_bytes(session_id));
    auto out = message(27, {as_bytes("session-bind@openssh.com"), server.public_key().blob,
                            as_bytes(session_id), *signature});
    out.push_back(forwarding ? 1 : 0);
    return out;
  }
  Bytes login(std::string_view session_id, const wire::ssh::PublicKey* host_key = nullptr) {
    return make_login(as_bytes(session_id), key.public_key().blob, host_key);
  }

  PrivateKey key = make_key(1);
  PrivateKey host = make_key(2);
  PrivateKey other_host = make_key(3);
  Keyring keyring;
  AgentSession session{keyring, [](std::span<std::uint8_t> out) {
                         std::fill(out.begin(), out.end(), std::uint8_t{7});
                       }};
};

TEST_F(Agent, ListsWhatItHolds) {
  Bytes want = {12, 0, 0, 0, 1};
  append_string(want, key.public_key().blob);
  append_string(want, std::string_view("rs-0a1b"));
  EXPECT_EQ(say({11}), want);
  EXPECT_EQ(session.answer(Bytes{11}, kNow + 1h), kNoIdentities);
  EXPECT_EQ(say({11, 0}), kFailure);
}

TEST_F(Agent, SignsWithWhatItHoldsAlone) {
  EXPECT_TRUE(signs(as_bytes("any data")));
  EXPECT_TRUE(signs({}));
  auto foreign = message(13, {host.public_key().blob, as_bytes("data")});
  append_u32(foreign, 0);
  EXPECT_EQ(say(foreign), kFailure);
}

TEST_F(Agent, FlagsChooseTheSignatureOfRsa) {
  auto rsa = PrivateKey::generate_rsa(3072);
  ASSERT_TRUE(rsa);
  const auto blob = rsa->public_key().blob;
  Identity identity;
  identity.signer = std::make_shared<PrivateKey>(std::move(*rsa));
  identity.blob = blob;
  identity.valid_before = kNow + 1h;
  ASSERT_TRUE(keyring.put("rsa", {identity}));
  const std::vector<std::pair<std::uint32_t, std::string>> cases = {
      {0, "ssh-rsa"}, {2, "rsa-sha2-256"}, {4, "rsa-sha2-512"}, {6, "rsa-sha2-512"}};
  for (const auto& [flags, name] : cases) {
    auto request = message(13, {blob, as_bytes("data")});
    append_u32(request, flags);
    const auto answer = say(request);
    ASSERT_EQ(answer.at(0), 14) << flags;
    ByteReader in(ByteView(answer).subspan(1));
    ByteReader signature(wire::ssh::read_string(in));
    EXPECT_EQ(as_text(wire::ssh::read_string(signature)), name);
  }
  auto unknown = message(13, {blob, as_bytes("data")});
  append_u32(unknown, 1);
  EXPECT_EQ(say(unknown), kFailure);
}

TEST_F(Agent, RefusesAllElse) {
  for (int type = 0; type < 256; ++type) {
    if (type == 11 || type == 13 || type == 22 || type == 23 || type == 27) continue;
    EXPECT_EQ(say({static_cast<std::uint8_t>(type)}), kFailure) << type;
    EXPECT_EQ(say(message(static_cast<std::uint8_t>(type), {as_bytes("ssh-ed25519")})),
              kFailure);
  }
  EXPECT_EQ(say({}), kFailure);
  EXPECT_EQ(say(Bytes(AgentSession::kMaxMessage + 1, 11)), kFailure);
  EXPECT_EQ(say(message(27, {as_bytes("restrict-destination-v00@openssh.com")})), kFailure);
}

TEST_F(Agent, EveryPrefixAndEveryLengthOffByOneIsRefused) {
  const auto refused = [](const Bytes& wrong) {
    Keyring own;
    AgentSession fresh(own, [](std::span<std::uint8_t>) {});
    const auto answer = fresh.answer(wrong, kNow);
    return answer == kFailure || answer == kExtensionFailure;
  };
  for (const auto& request :
       {sign_request(as_bytes("data")), message(22, {as_bytes("p")}),
        message(23, {as_bytes("p")}), bind_request(host, "session", false)}) {
    SCOPED_TRACE(int{request[0]});
    for (std::size_t n = 0; n < request.size(); ++n)
      EXPECT_TRUE(refused(Bytes(request.begin(), request.begin() + static_cast<long>(n))))
          << "prefix of " << n;
    auto longer = request;
    longer.push_back(0);
    EXPECT_TRUE(refused(longer));
    for (const int by : {-1, 1}) {
      auto wrong = request;
      wrong[4] = static_cast<std::uint8_t>(wrong[4] + by);
      EXPECT_TRUE(refused(wrong)) << by;
    }
  }
}

TEST_F(Agent, LockHidesAndUnlockShows) {
  EXPECT_EQ(say(message(22, {as_bytes("secret")})), kSuccess);
  EXPECT_EQ(say({11}), kNoIdentities);
  EXPECT_FALSE(signs(as_bytes("data")));
  EXPECT_EQ(say(message(22, {as_bytes("secret")})), kFailure);
  EXPECT_EQ(say(message(23, {as_bytes("guess")})), kFailure);
  EXPECT_EQ(say(message(23, {as_bytes("secret")})), kSuccess);
  EXPECT_TRUE(signs(as_bytes("data")));
}

TEST_F(Agent, SaysWhichExtensionsThereAre) {
  Bytes want = {29};
  for (const std::string_view text : {"query", "query", "session-bind@openssh.com"})
    append_string(want, text);
  EXPECT_EQ(say(message(27, {as_bytes("query")})), want);
}

TEST_F(Agent, ABoundConnectionSignsForItsSessionAlone) {
  ASSERT_EQ(say(bind_request(host, "session", false)), kSuccess);
  EXPECT_EQ(say(bind_request(host, "session", false)), kSuccess);  // the same again
  EXPECT_TRUE(signs(login("session")));
  EXPECT_TRUE(signs(login("session", &host.public_key())));
  EXPECT_FALSE(signs(login("session", &other_host.public_key())));
  EXPECT_FALSE(signs(login("another session")));
  EXPECT_FALSE(signs(as_bytes("SSHSIG and more")));
  auto with_more = login("session");
  with_more.push_back(0);
  EXPECT_FALSE(signs(with_more));
  EXPECT_FALSE(signs(make_login(as_bytes("session"), host.public_key().blob, nullptr)));
}

TEST_F(Agent, AnIdentityBoundToServersIsUsedAtThoseAlone) {
  add({host.public_key()});
  EXPECT_FALSE(signs(login("session")));  // not bound: who asks is not known
  EXPECT_FALSE(signs(as_bytes("data")));
  ASSERT_EQ(say(bind_request(host, "session", false)), kSuccess);
  EXPECT_TRUE(signs(login("session", &host.public_key())));
  AgentSession elsewhere(keyring, [](std::span<std::uint8_t>) {});
  ASSERT_EQ(elsewhere.answer(bind_request(other_host, "session", false), kNow), kSuccess);
  EXPECT_EQ(elsewhere.answer(sign_request(login("session")), kNow), kFailure);
}

TEST_F(Agent, AForwardedBindClosesTheConnectionToSigning) {
  EXPECT_EQ(say(bind_request(host, "session", true)), kExtensionFailure);
  EXPECT_FALSE(signs(login("session")));
  EXPECT_EQ(say({11}), kNoIdentities);
  EXPECT_EQ(say(bind_request(host, "session", false)), kExtensionFailure);
  EXPECT_FALSE(signs(login("session")));
}

TEST_F(Agent, AForwardedBindCountsWhileLocked) {
  ASSERT_EQ(say(message(22, {as_bytes("secret")})), kSuccess);
  EXPECT_EQ(say(bind_request(host, "session", true)), kExtensionFailure);
  ASSERT_EQ(say(message(23, {as_bytes("secret")})), kSuccess);
  EXPECT_FALSE(signs(login("session")));
}

TEST_F(Agent, ABindThatFailsClosesTheConnectionToSigning) {
  auto wrong = bind_request(host, "session", false);
  wrong[wrong.size() - 2] ^= 1;  // in the signature
  EXPECT_EQ(say(wrong), kExtensionFailure);
  EXPECT_FALSE(signs(as_bytes("data")));
}

TEST_F(Agent, ASecondSessionClosesTheConnectionToSigning) {
  ASSERT_EQ(say(bind_request(host, "session", false)), kSuccess);
  EXPECT_EQ(say(bind_request(other_host, "another session", false)), kExtensionFailure);
  EXPECT_FALSE(signs(login("session")));
}

TEST_F(Agent, ASessionHasOneServer) {
  ASSERT_EQ(say(bind_request(host, "session", false)), kSuccess);
  EXPECT_EQ(say(bind_request(other_host, "session", false)), kExtensionFailure);
  EXPECT_FALSE(signs(login("session")));
}

}  // namespace
}  // namespace passport::keyagent
