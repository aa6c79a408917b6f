#include "wire/ssh/revocation_list.h"

#include <gtest/gtest.h>

#include "tests/wire/ssh/keygen.h"
#include "wire/ssh/certificate.h"
#include "wire/ssh/private_key.h"

namespace passport::wire::ssh {
namespace {

class Revocation : public testing::Test {
 protected:
  Revocation() {
    shop.run(
        "ssh-keygen -q -N '' -t ed25519 -f ca; ssh-keygen -q -N '' -t ed25519 -f other_ca; "
        "ssh-keygen -q -N '' -t ed25519 -f user");
  }
  PublicKey key(const std::string& name) {
    return parse_public_key_line(shop.read(name + ".pub")).value();
  }
  /// Certified by `ca`.
  void certify(const std::string& ca, const std::string& serial, const std::string& id) {
    shop.run("cp user.pub c.pub; ssh-keygen -q -s " + ca + " -I " + id + " -n p -z " + serial +
             " c.pub");
  }
  bool revoked(const RevocationList& list, const std::string& file) {
    const auto krl = serialize_revocation_list(list);
    EXPECT_TRUE(krl);
    shop.write("krl", as_text(*krl));
    const auto said = shop.run("ssh-keygen -Qf krl " + file + " || true");
    EXPECT_NE(said.find(file + " ("), std::string::npos) << said;
    return said.find("REVOKED") != std::string::npos;
  }

  Workshop shop;
};

TEST_F(Revocation, OfSerialsAndRanges) {
  RevocationList list;
  list.authorities = {{key("ca"), {7, 100, 5, 101, 6, 102, ~0ULL, 7}}};
  for (const auto* serial : {"5", "6", "7", "100", "102", "18446744073709551615"}) {
    certify("ca", serial, "id");
    EXPECT_TRUE(revoked(list, "c-cert.pub")) << serial;
    certify("other_ca", serial, "id");
    EXPECT_FALSE(revoked(list, "c-cert.pub")) << serial;
  }
  for (const auto* serial : {"4", "8", "99", "103", "0", "18446744073709551614"}) {
    certify("ca", serial, "id");
    EXPECT_FALSE(revoked(list, "c-cert.pub")) << serial;
  }
}

TEST_F(Revocation, OfKeyIds) {
  RevocationList list;
  list.authorities = {{key("ca"), {}, {"gone", "left"}}, {key("other_ca"), {9}}};
  certify("ca", "1", "left");
  EXPECT_TRUE(revoked(list, "c-cert.pub"));
  certify("ca", "1", "lef");
  EXPECT_FALSE(revoked(list, "c-cert.pub"));
  certify("other_ca", "9", "left");
  EXPECT_TRUE(revoked(list, "c-cert.pub"));
}

TEST_F(Revocation, OfKeysInAnyCertificate) {
  RevocationList list;
  EXPECT_FALSE(revoked(list, "user.pub"));
  list.keys = {key("user"), key("other_ca")};
  list.comment = "a comment";
  list.version = 3;
  certify("ca", "1", "id");
  EXPECT_TRUE(revoked(list, "user.pub"));
  EXPECT_TRUE(revoked(list, "c-cert.pub"));
  EXPECT_FALSE(revoked(list, "ca.pub"));
}

TEST_F(Revocation, WhatOpensshRefusesIsNotWritten) {
  RevocationList list;
  list.authorities = {{key("ca"), {0}}};
  EXPECT_FALSE(serialize_revocation_list(list));
  list.authorities = {{key("ca"), {1}, {""}}};
  EXPECT_FALSE(serialize_revocation_list(list));
}

}  // namespace
}  // namespace passport::wire::ssh
