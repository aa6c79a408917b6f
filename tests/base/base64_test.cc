#include "base/base64.h"

#include <gtest/gtest.h>

namespace passport {
namespace {

struct Case {
  std::string_view plain;
  std::string_view text;
};

// RFC 4648 section 10.
constexpr Case kCases[] = {{"", ""},
                           {"f", "Zg=="},
                           {"fo", "Zm8="},
                           {"foo", "Zm9v"},
                           {"foob", "Zm9vYg=="},
                           {"fooba", "Zm9vYmE="},
                           {"foobar", "Zm9vYmFy"},
                           {"\xfb\xff\xfe", "+//+"}};

TEST(Base64, WritesAndReadsTheVectorsOfTheRfc) {
  for (const auto& [plain, text] : kCases) {
    EXPECT_EQ(encode_base64(as_bytes(plain)), text);
    const auto decoded = decode_base64(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(*decoded, plain);
  }
}

TEST(Base64, RefusesWhatIsNot) {
  for (const auto text :
       {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Zm8=Zm8=", "Zm 9", "Zm9v\n",
        "-_-_", "Zm9vYg=", "YQ==\n", " YQ=", "YQ==YQ==", "Y==="}) {
    const auto decoded = decode_base64(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, Errc::kMalformed);
  }
}

}  // namespace
}  // namespace passport
