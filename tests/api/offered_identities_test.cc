#include "api/offered_identities.h"

#include <gtest/gtest.h>

#include "wire/ssh/encoding.h"

namespace passport::api {
namespace {

const Bytes kFailure{5};

Bytes sign_request(std::string_view blob) {
  Bytes out{13};
  wire::ssh::append_string(out, blob);
  wire::ssh::append_string(out, "data");
  append_u32(out, 4);
  return out;
}

OfferedIdentities two() {
  return OfferedIdentities({{'o', 'n', 'e'}, {'t', 'w', 'o'}});
}

TEST(OfferedIdentities, ListsWhatIsMeantInOrder) {
  const Bytes expected{12, 0, 0, 0, 2, 0, 0,   0,   3,   'o', 'n', 'e', 0, 0,
                       0,  0, 0, 0, 0, 3, 't', 'w', 'o', 0,   0,   0,   0};
  EXPECT_EQ(two().answer(Bytes{11}), expected);
}

TEST(OfferedIdentities, LeavesTheirSignaturesToTheAgent) {
  EXPECT_EQ(two().answer(sign_request("two")), std::nullopt);
  EXPECT_EQ(two().answer(sign_request("three")), kFailure);
  EXPECT_EQ(two().answer(sign_request("")), kFailure);
}

TEST(OfferedIdentities, RefusesAllElse) {
  EXPECT_EQ(two().answer({}), kFailure);
  EXPECT_EQ(two().answer(Bytes{11, 0}), kFailure);
  EXPECT_EQ(two().answer(Bytes{19}), kFailure);                   // remove all
  EXPECT_EQ(two().answer(Bytes{13, 0, 0, 1, 0, 't'}), kFailure);  // cut short
}

}  // namespace
}  // namespace passport::api
