#include "base/secret.h"

#include <algorithm>
#include <array>
#include <memory>

#include <gtest/gtest.h>

namespace passport {
namespace {

// Short enough to be stored inside a std::string, where a move leaves the bytes behind.
constexpr std::string_view kCanary = "canary-wharf";

TEST(Secret, WipesAStringThatIsGivenUpToIt) {
  std::string source(kCanary);
  const char* bytes = source.data();
  const Secret secret(std::move(source));
  EXPECT_EQ(secret.reveal(), kCanary);
  EXPECT_TRUE(std::all_of(bytes, bytes + kCanary.size(), [](char c) { return c == 0; }));
}

TEST(Secret, LeavesAStringThatItOnlyReads) {
  const std::string source(kCanary);
  const Secret secret(source);
  EXPECT_EQ(secret.reveal(), kCanary);
  EXPECT_EQ(source, kCanary);
}

TEST(Secret, WipesItsBytesWhenItGoes) {
  alignas(Secret) std::array<char, sizeof(Secret)> memory{};
  const auto holds_canary = [&memory] {
    return std::search(memory.begin(), memory.end(), kCanary.begin(), kCanary.end()) !=
           memory.end();
  };
  auto* secret = std::construct_at(reinterpret_cast<Secret*>(memory.data()), Secret());
  *secret = Secret(std::string(kCanary));
  ASSERT_TRUE(holds_canary());
  const Secret moved(std::move(*secret));
  EXPECT_FALSE(holds_canary());
  *secret = moved;
  ASSERT_TRUE(holds_canary());
  *secret = Secret();
  EXPECT_FALSE(holds_canary());
  *secret = moved;
  ASSERT_TRUE(holds_canary());
  std::destroy_at(secret);
  EXPECT_FALSE(holds_canary());
}

}  // namespace
}  // namespace passport
