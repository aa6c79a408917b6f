#include "keyagent/shielded_key.h"

#include <random>

#include <gtest/gtest.h>

namespace passport::keyagent {
namespace {

using wire::ssh::PrivateKey;
using wire::ssh::SignatureAlgorithm;

RandomSource make_random(unsigned seed) {
  auto engine = std::make_shared<std::mt19937>(seed);
  return [engine](std::span<std::uint8_t> out) {
    for (auto& byte : out) byte = static_cast<std::uint8_t>((*engine)());
  };
}

TEST(Shield, IsItsOwnInverseAndDependsOnTheNonce) {
  const Shield shield(make_random(1));
  const Bytes text(100, 'x');
  Bytes once(text.size());
  Bytes twice(text.size());
  shield.apply({1}, text, once);
  EXPECT_NE(once, text);
  shield.apply({1}, once, twice);
  EXPECT_EQ(twice, text);
  shield.apply({2}, once, twice);
  EXPECT_NE(twice, text);
  const Shield other(make_random(2));
  other.apply({1}, once, twice);
  EXPECT_NE(twice, text);
}

TEST(ShieldedKey, SignsAsTheKeyItWasMadeOf) {
  const auto random = make_random(3);
  const auto shield = std::make_shared<Shield>(random);
  auto rsa = PrivateKey::generate_rsa(3072);
  ASSERT_TRUE(rsa);
  const auto rsa_public = rsa->public_key();
  ShieldedKey ed25519_key(shield, make_ed25519(random), random);
  ShieldedKey rsa_key(shield, std::move(*rsa), random);
  EXPECT_EQ(rsa_key.public_key(), rsa_public);
  const auto data = as_bytes("data");
  for (int i = 0; i < 3; ++i) {
    const auto one = ed25519_key.sign(SignatureAlgorithm::kEd25519, data);
    ASSERT_TRUE(one);
    EXPECT_TRUE(verify(ed25519_key.public_key(), *one, data));
    for (const auto algorithm : {SignatureAlgorithm::kRsaSha512, SignatureAlgorithm::kRsaSha256,
                                 SignatureAlgorithm::kRsaSha1}) {
      const auto two = rsa_key.sign(algorithm, data);
      ASSERT_TRUE(two);
      EXPECT_TRUE(verify(rsa_public, *two, data));
    }
  }
  EXPECT_FALSE(ed25519_key.sign(SignatureAlgorithm::kRsaSha512, data));
}

TEST(ShieldedKey, EachIsAnotherKey) {
  const auto random = make_random(4);
  EXPECT_NE(make_ed25519(random).public_key(), make_ed25519(random).public_key());
}

}  // namespace
}  // namespace passport::keyagent
