#include "keyagent/keyring.h"

#include <gtest/gtest.h>

namespace passport::keyagent {
namespace {

using namespace std::chrono_literals;

const Time kNow{1790000000s};

Identity make_identity(std::string_view blob, Time valid_before) {
  Identity identity;
  identity.blob = Bytes(blob.begin(), blob.end());
  identity.valid_before = valid_before;
  return identity;
}

using Names = std::vector<std::string>;

Names names(const Keyring& keyring, Time now) {
  Names out;
  for (const auto* identity : keyring.list(now)) out.emplace_back(as_text(identity->blob));
  return out;
}

TEST(Keyring, KeepsTheOrderOfARequest) {
  Keyring keyring;
  ASSERT_TRUE(
      keyring.put("b", {make_identity("b1", kNow + 1h), make_identity("b2", kNow + 1h)}));
  ASSERT_TRUE(keyring.put("a", {make_identity("a1", kNow + 1h)}));
  EXPECT_EQ(names(keyring, kNow), (Names{"a1", "b1", "b2"}));
  ASSERT_TRUE(keyring.put("b", {make_identity("b3", kNow + 1h)}));
  EXPECT_EQ(names(keyring, kNow), (Names{"a1", "b3"}));
  EXPECT_TRUE(keyring.drop("a"));
  EXPECT_FALSE(keyring.drop("a"));
  EXPECT_EQ(names(keyring, kNow), Names{"b3"});
}

TEST(Keyring, WhatIsPastItsTimeIsNeitherShownNorFound) {
  Keyring keyring;
  ASSERT_TRUE(
      keyring.put("r", {make_identity("early", kNow + 1s), make_identity("late", kNow + 2s)}));
  EXPECT_EQ(keyring.next_expiry(), kNow + 1s);
  EXPECT_EQ(names(keyring, kNow), (Names{"early", "late"}));
  EXPECT_EQ(names(keyring, kNow + 1s), Names{"late"});
  EXPECT_EQ(keyring.find(as_bytes("early"), kNow + 1s), nullptr);
  EXPECT_NE(keyring.find(as_bytes("late"), kNow + 1s), nullptr);
  EXPECT_FALSE(keyring.expire(kNow));
  EXPECT_TRUE(keyring.expire(kNow + 1s));
  EXPECT_FALSE(keyring.empty());
  EXPECT_TRUE(keyring.expire(kNow + 2s));
  EXPECT_TRUE(keyring.empty());
  EXPECT_EQ(keyring.next_expiry(), std::nullopt);
}

TEST(Keyring, ShowsNothingWhileLocked) {
  Keyring keyring;
  ASSERT_TRUE(keyring.put("r", {make_identity("key", kNow + 1h)}));
  EXPECT_FALSE(keyring.unlock(as_bytes("secret")));
  EXPECT_TRUE(keyring.lock(as_bytes("secret"), as_bytes("salt")));
  EXPECT_FALSE(keyring.lock(as_bytes("other"), as_bytes("salt")));
  EXPECT_TRUE(names(keyring, kNow).empty());
  EXPECT_EQ(keyring.find(as_bytes("key"), kNow), nullptr);
  EXPECT_FALSE(keyring.unlock(as_bytes("other")));
  EXPECT_FALSE(keyring.unlock(as_bytes("")));
  EXPECT_TRUE(keyring.locked());
  EXPECT_TRUE(keyring.unlock(as_bytes("secret")));
  EXPECT_EQ(names(keyring, kNow), Names{"key"});
}

TEST(Keyring, IsBounded) {
  Keyring keyring;
  EXPECT_FALSE(keyring.put("r", std::vector<Identity>(Keyring::kMaxIdentities + 1)));
  for (std::size_t i = 0; i < Keyring::kMaxRequests; ++i)
    ASSERT_TRUE(keyring.put(std::to_string(i), {make_identity("x", kNow + 1h)}));
  EXPECT_FALSE(keyring.put("one more", {make_identity("x", kNow + 1h)}));
  EXPECT_TRUE(keyring.put("0", {make_identity("y", kNow + 1h)}));
}

}  // namespace
}  // namespace passport::keyagent
