#include "wire/ssh/key_locked_file.h"

#include <gtest/gtest.h>

#include "tests/wire/ssh/keygen.h"

namespace passport::wire::ssh {
namespace {

const Secret kWords{std::string("secret words")};

TEST(LockedFile, OfOpensshIsReadWithItsPassphraseAlone) {
  Workshop shop;
  shop.run(
      "for t in ed25519 rsa; do ssh-keygen -q -N 'secret words' -C c -t $t -f $t; done; "
      "for m in PEM PKCS8; do ssh-keygen -q -N 'secret words' -C c -m $m -t rsa -f $m; done; "
      "ssh-keygen -q -N 'secret words' -t ecdsa -f curve");
  for (const auto* name : {"ed25519", "PEM", "PKCS8"}) {
    const auto key = parse_locked_private_key_file(shop.read(name), kWords);
    ASSERT_TRUE(key) << name << ": " << key.error().detail;
    EXPECT_EQ(render_public_key(key->public_key(), "c") + "\n",
              shop.read(std::string(name) + ".pub"));
    for (const auto* other : {"", "secret word", "Secret words"}) {
      const auto refused =
          parse_locked_private_key_file(shop.read(name), Secret(std::string(other)));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Errc::kDenied);
    }
  }
  const auto rsa = parse_locked_private_key_file(shop.read("rsa"), kWords);
  ASSERT_FALSE(rsa);
  EXPECT_NE(rsa.error().hint.find("PKCS8"), std::string::npos);
  EXPECT_FALSE(parse_locked_private_key_file(shop.read("curve"), kWords));
  EXPECT_FALSE(parse_locked_private_key_file("", kWords));
  EXPECT_FALSE(parse_locked_private_key_file("hello", kWords));
}

TEST(LockedFile, OfOursIsReadByOpensshAndHere) {
  Workshop shop;
  auto ed25519 = PrivateKey::from_ed25519_seed(Bytes(32, 9));
  auto rsa = PrivateKey::generate_rsa(3072);
  for (auto* key : {&*ed25519, &*rsa}) {
    const auto file = serialize_locked_file(*key, kWords, 0x01020304);
    ASSERT_TRUE(file) << file.error().detail;
    shop.write("key", file->reveal());
    EXPECT_NE(shop.run("ssh-keygen -y -P 'secret words' -f key")
                  .find(render_public_key(key->public_key(), "")),
              std::string::npos);
    EXPECT_EQ(parse_locked_private_key_file(file->reveal(), kWords)->public_key(),
              key->public_key());
    shop.run("ssh-keygen -y -P other -f key", 255);
  }
  EXPECT_FALSE(serialize_locked_file(*ed25519, Secret(), 1));
}

}  // namespace
}  // namespace passport::wire::ssh
