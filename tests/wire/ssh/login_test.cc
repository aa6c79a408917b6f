// Certificates that were issued here, at a real sshd: brought by OpenSSH's ssh and by libssh.
#include <array>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/wire/ssh/keygen.h"
#include "wire/ssh/certificate.h"
#include "wire/ssh/private_key.h"

namespace passport::wire::ssh {
namespace {

constexpr std::uint64_t kForever = 4000000000;  ///< 2096; it is sshd that knows the time

class Login : public testing::Test {
 protected:
  Login() {
    if (::geteuid() == 0) shop.run("mkdir -p /run/sshd");
    shop.write("server", host.serialize_file("server", 1).reveal());
    shop.write("known_hosts", "server " + render_public_key(host.public_key(), "") + "\n");
    shop.write("cas", render_public_key(ed25519.public_key(), "") + "\n" +
                          render_public_key(rsa.public_key(), "") + "\n");
    shop.write("principals", "rs-0a1b\n");
    shop.write("sshd_config", "HostKey " + shop.path("server") + "\nTrustedUserCAKeys " +
                                  shop.path("cas") + "\nAuthorizedPrincipalsFile " +
                                  shop.path("principals") +
                                  "\nAuthorizedKeysFile none\nPasswordAuthentication no\n"
                                  "KbdInteractiveAuthentication no\nUsePAM no\nStrictModes no\n"
                                  "PidFile none\nPermitRootLogin yes\nLogLevel VERBOSE\n");
  }

  static PrivateKey ed25519_key(std::uint8_t fill) {
    return std::move(*PrivateKey::from_ed25519_seed(Bytes(32, fill)));
  }
  /// Writes the key and its certificate as `user` and `user-cert.pub`.
  void certify(const PrivateKey& key, PrivateKey& ca, SignatureAlgorithm algorithm,
               const CertificateFields& more) {
    auto fields = more;
    fields.key = key.public_key();
    fields.key_id = "a request";
    fields.serial = 7;
    const auto blob = issue_certificate(fields, Bytes(kNonceSize, 9), ca, algorithm);
    ASSERT_TRUE(blob) << blob.error().detail;
    shop.write("user", key.serialize_file("user", 2).reveal());
    shop.write("user-cert.pub",
               render_certificate(key.public_key().type, *blob, "user") + "\n");
  }
  static CertificateFields fields(std::string principal = "rs-0a1b") {
    CertificateFields out;
    out.principals = {std::move(principal)};
    out.valid_before = kForever;
    return out;
  }

  const std::string server() const {
    return "/usr/sbin/sshd -i -f " + shop.path("sshd_config") + " -E " + shop.path("log");
  }
  std::string by_openssh() const {
    return shop.run("ssh -F none -o 'ProxyCommand=" + server() +
                    "' -o UserKnownHostsFile=known_hosts -o StrictHostKeyChecking=yes"
                    " -o BatchMode=yes -o IdentityAgent=none -o IdentitiesOnly=yes -i user"
                    " server echo in || echo denied");
  }
  std::string by_libssh() const {
    return shop.run(std::string(PASSPORT_LIBSSH_LOGIN) + " '" + server() +
                    "' server known_hosts user || echo denied");
  }
  bool gets_in() const {
    const auto ssh = by_openssh();
    const auto libssh = by_libssh();
    EXPECT_EQ(ssh == "in\n", libssh == "in\n") << ssh << libssh << shop.read("log");
    if (ssh != "in\n") {
      EXPECT_NE(ssh.find("Permission denied"), std::string::npos) << ssh;
      EXPECT_NE(libssh.find("Permission denied"), std::string::npos) << libssh;
    }
    return ssh == "in\n";
  }

  PrivateKey host = ed25519_key(1);
  PrivateKey ed25519 = ed25519_key(2);
  PrivateKey rsa = std::move(*PrivateKey::generate_rsa(3072));
  Workshop shop;
};

TEST_F(Login, WithEachKeyOfEachAuthority) {
  const auto rsa_user = PrivateKey::generate_rsa(3072);
  ASSERT_TRUE(rsa_user);
  const auto user = ed25519_key(3);
  for (const auto* key : {&user, &*rsa_user}) {
    certify(*key, ed25519, SignatureAlgorithm::kEd25519, fields());
    EXPECT_TRUE(gets_in());
    certify(*key, rsa, SignatureAlgorithm::kRsaSha512, fields());
    EXPECT_TRUE(gets_in());
    certify(*key, rsa, SignatureAlgorithm::kRsaSha256, fields());
    EXPECT_TRUE(gets_in());
  }
}

TEST_F(Login, WithWhatMayNotLetInDoesNot) {
  const auto user = ed25519_key(3);
  auto other_ca = ed25519_key(4);
  auto over = fields();
  over.valid_before = 1600000000;
  auto early = fields();
  early.valid_after = kForever - 1;
  auto host_certificate = fields();
  host_certificate.type = CertificateType::kHost;
  auto elsewhere = fields();
  elsewhere.critical_options = {{"source-address", "192.0.2.1/32"}};
  auto unknown = fields();
  unknown.critical_options = {{"passport@example.com"}};
  for (const auto& refused :
       {over, early, host_certificate, elsewhere, unknown, fields("rs-other")}) {
    certify(user, ed25519, SignatureAlgorithm::kEd25519, refused);
    EXPECT_FALSE(gets_in());
  }
  certify(user, other_ca, SignatureAlgorithm::kEd25519, fields());
  EXPECT_FALSE(gets_in());
  certify(user, rsa, SignatureAlgorithm::kRsaSha1, fields());  // not among sshd's own choice
  EXPECT_FALSE(gets_in());
}

TEST_F(Login, OptionsOfACertificateAreObeyed) {
  auto forced = fields();
  forced.critical_options = {{"force-command", "echo forced"}};
  certify(ed25519_key(3), ed25519, SignatureAlgorithm::kEd25519, forced);
  EXPECT_EQ(by_openssh(), "forced\n");
  EXPECT_EQ(by_libssh(), "forced\n");
}

}  // namespace
}  // namespace passport::wire::ssh
