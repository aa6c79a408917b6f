// The CA's keys and certificates, which OpenSSH judges.
#include "service/authorities.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/wire/ssh/keygen.h"
#include "wire/ssh/certificate.h"
#include "wire/ssh/private_key.h"

namespace passport::service {
namespace {

using wire::ssh::KeyType;
using wire::ssh::PrivateKey;

constexpr Millis kNow = 1'790'000'000'500;

void fill(std::span<std::uint8_t> out) {
  static std::random_device device;
  for (auto& byte : out) byte = static_cast<std::uint8_t>(device());
}

AccessRequest active_request() {
  AccessRequest request;
  request.id = "ar-0123456789abcdef";
  request.owner = "ann@example.com";
  request.linux_user = "rs-0123456789abcdef";
  request.duration = 3600 * kSecond;
  activate(request, kNow);
  request.state = RequestState::kActive;
  return request;
}

class Authority : public testing::Test {
 protected:
  Authority() { config.state_dir = shop.path("state"); }
  wire::ssh::Workshop shop;
  Config config;
};

TEST_F(Authority, KeysAreMadeOnceAndKept) {
  const auto first = Authorities::open(config, fill);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(shop.run("stat -c %a state state/ca_ed25519 state/ca_rsa"), "700\n600\n600\n");
  const auto again = Authorities::open(config, fill);
  ASSERT_TRUE(again);
  EXPECT_EQ(first->trusted(), again->trusted());
  ASSERT_EQ(first->trusted().size(), 2U);
  EXPECT_EQ(render_public_key(first->trusted()[0], "passport") + "\n",
            shop.run("ssh-keygen -y -f state/ca_ed25519"));
}

TEST_F(Authority, OldKeysAreTrustedBesideWhileKeysAreExchanged) {
  shop.run(
      "mkdir state && ssh-keygen -q -N '' -t ed25519 -f old && cp old.pub "
      "state/trusted_ca.pub");
  const auto ca = Authorities::open(config, fill);
  ASSERT_TRUE(ca) << ca.error().detail;
  EXPECT_EQ(ca->trusted().size(), 3U);
  shop.run("echo nonsense >> state/trusted_ca.pub");
  EXPECT_FALSE(Authorities::open(config, fill));
  shop.run("for i in 1 2 3; do cat old.pub; done > state/trusted_ca.pub");
  EXPECT_FALSE(Authorities::open(config, fill));
}

TEST_F(Authority, KeysThatCannotBeUsedAreTold) {
  ASSERT_TRUE(Authorities::open(config, fill));
  shop.run("chmod 640 state/ca_rsa");
  EXPECT_EQ(Authorities::open(config, fill).error().code, Errc::kDenied);
  shop.run("chmod 600 state/ca_rsa && echo > state/ca_ed25519");
  EXPECT_FALSE(Authorities::open(config, fill));
  shop.run("cp state/ca_rsa state/ca_ed25519");
  EXPECT_EQ(Authorities::open(config, fill).error().code, Errc::kConfig);
  shop.run("ln -sf nowhere state/ca_ed25519");  // as on a disk that is not there yet
  EXPECT_EQ(Authorities::open(config, fill).error().code, Errc::kConfig);
  shop.run("ln -sf ca_ed25519 state/ca_ed25519");
  EXPECT_EQ(Authorities::open(config, fill).error().code, Errc::kConfig);
  shop.run("rm state/ca_ed25519");
  config.ca_ed25519 = shop.path("elsewhere");  // one that was named is not made
  EXPECT_EQ(Authorities::open(config, fill).error().code, Errc::kConfig);
  EXPECT_EQ(shop.run("ls elsewhere state/ca_ed25519 2>&1 | grep -c 'No such'"), "2\n");
}

TEST_F(Authority, CertifiesEachKeyForItsServers) {
  auto ca = Authorities::open(config, fill);
  ASSERT_TRUE(ca);
  const auto terms = find_terms(active_request(), kNow);
  ASSERT_TRUE(terms);
  const auto user = PrivateKey::from_ed25519_seed(Bytes(32, 1));
  const auto lines = ca->certify(user->public_key(), *terms);
  ASSERT_TRUE(lines) << lines.error().detail;
  ASSERT_EQ(lines->size(), 1U);
  shop.write("user-cert.pub", lines->front() + "\n");
  const auto seen = shop.run("TZ=UTC ssh-keygen -Lf user-cert.pub");
  for (const auto* part :
       {"ssh-ed25519-cert-v01@openssh.com user certificate",
        "Key ID: \"ann@example.com ar-0123456789abcdef\"", "rs-0123456789abcdef",
        "Valid: from 2026-09-21T14:13:20 to 2026-09-21T15:13:20", "permit-pty",
        "Critical Options: (none)"})
    EXPECT_NE(seen.find(part), std::string::npos) << part << "\n" << seen;
  EXPECT_EQ(seen.find("permit-agent-forwarding"), std::string::npos);
  const auto rsa = PrivateKey::generate_rsa(3072);
  const auto both = ca->certify(rsa->public_key(), *terms);
  ASSERT_TRUE(both);
  ASSERT_EQ(both->size(), 2U);
  for (const auto& [line, words] :
       {std::pair<std::string, std::string>{(*both)[0], "rsa-sha2-512"},
        {(*both)[1], "ssh-rsa"}}) {
    shop.write("user-cert.pub", line + "\n");
    EXPECT_NE(shop.run("ssh-keygen -Lf user-cert.pub").find("(using " + words + ")"),
              std::string::npos);
  }
}

TEST_F(Authority, WeakAndOtherKeysAreNotCertified) {
  auto ca = Authorities::open(config, fill);
  const auto terms = find_terms(active_request(), kNow);
  ASSERT_TRUE(ca && terms);
  for (const auto* kind : {"-t rsa -b 2048", "-t ecdsa -b 256"}) {
    shop.run(std::string("rm -f weak weak.pub; ssh-keygen -q -N '' -f weak ") + kind);
    const auto key = wire::ssh::parse_public_key_line(shop.read("weak.pub"));
    ASSERT_TRUE(key) << kind;
    EXPECT_EQ(ca->certify(*key, *terms).error().code, Errc::kUsage) << kind;
  }
}

TEST(Terms, NeverOutliveTheRequest) {
  auto request = active_request();
  for (Millis now = kNow; now < request.ends_at + 2 * kSecond; now += 997) {
    const auto terms = find_terms(request, now);
    if (now >= request.ends_at) {
      ASSERT_FALSE(terms);
      continue;
    }
    if (!terms) continue;  // in its last second
    ASSERT_LE(terms->valid_before * kSecond, request.ends_at);
    ASSERT_GE(terms->valid_after, request.activated_at / kSecond);
    ASSERT_GE(terms->valid_after, now / kSecond - Authorities::kBackdate);
    ASSERT_LT(terms->valid_after, terms->valid_before);
  }
  for (const auto state : {RequestState::kPending, RequestState::kProvisioning,
                           RequestState::kCompleting, RequestState::kExpired}) {
    request.state = state;
    EXPECT_EQ(find_terms(request, kNow).error().code, Errc::kConflict);
  }
}

}  // namespace
}  // namespace passport::service
