#include "wire/aws/shared_config.h"

#include <gtest/gtest.h>

namespace passport::wire::aws {
namespace {

SharedConfig parsed(std::string_view text, SharedFile kind = SharedFile::kConfig) {
  auto config = parse_shared_config(text, kind);
  EXPECT_TRUE(config) << config.error().detail;
  return config ? std::move(*config) : SharedConfig{};
}

TEST(SharedConfig, ReadsTheKindsOfSections) {
  const auto config = parsed(
      "[default]\nregion = eu-west-1\n"
      "[profile dev]\nREGION=eu-central-1\noutput:json\n"
      "[ profile \"with space\" ]\nregion=x\n"
      "[sso-session corp]\nsso_region = us-east-1\n"
      "[services local]\nssm =\n  endpoint_url = http://127.0.0.1:1\n"
      "[plugins]\nregion = not seen\n"
      "[dev]\nregion = not seen\n");
  EXPECT_EQ(config.profiles.size(), 3U);
  EXPECT_EQ(config.profiles.at("default").find("region"), "eu-west-1");
  EXPECT_EQ(config.profiles.at("dev").find("region"), "eu-central-1");
  EXPECT_EQ(config.profiles.at("dev").find("output"), "json");
  EXPECT_EQ(config.profiles.at("dev").find("absent"), "");
  EXPECT_EQ(config.profiles.at("with space").find("region"), "x");
  EXPECT_EQ(config.sso_sessions.at("corp").find("sso_region"), "us-east-1");
  EXPECT_EQ(config.services.at("local").nested.at("ssm").at("endpoint_url"),
            "http://127.0.0.1:1");
}

TEST(SharedConfig, ACredentialsFilesSectionsAreProfiles) {
  const auto config = parsed("[default]\naws_access_key_id=A\n[dev]\naws_access_key_id=B\n",
                             SharedFile::kCredentials);
  EXPECT_EQ(config.profiles.at("default").find("aws_access_key_id"), "A");
  EXPECT_EQ(config.profiles.at("dev").find("aws_access_key_id"), "B");
}

TEST(SharedConfig, PrefixedDefaultCountsBeforeThePlainOneInAnyOrder) {
  for (const auto* text : {"[default]\nregion=a\n[profile default]\nregion=b\n",
                           "[profile default]\nregion=b\n[default]\nregion=a\n"}) {
    const auto config = parsed(text);
    EXPECT_EQ(config.profiles.size(), 1U);
    EXPECT_EQ(config.profiles.at("default").find("region"), "b");
  }
}

TEST(SharedConfig, CommentsLineEndsAndWhiteSpace) {
  const auto config = parsed(
      "\xef\xbb\xbf# first\r\n"
      "[default] ; why\r\n"
      "; more\r\n"
      "  # indented comment\r\n"
      "\r\n"
      "region\t=  eu-west-1  # near\r\n"
      "key = a#b;c\r\n"
      "secret = abc+/=def= ; x\r\n"
      "empty = # nothing\r\n"
      "last = end");
  const auto& section = config.profiles.at("default");
  EXPECT_EQ(section.find("region"), "eu-west-1");
  EXPECT_EQ(section.find("key"), "a#b;c");
  EXPECT_EQ(section.find("secret"), "abc+/=def=");
  EXPECT_EQ(section.find("empty"), "");
  EXPECT_EQ(section.find("last"), "end");
}

TEST(SharedConfig, NestedSettingsAndContinuations) {
  const auto config = parsed(
      "[default]\n"
      "s3 =\n  addressing_style = path\n\n  Max_Queue = 7\n"
      "long = one\n  two\n\tthree = 3\n"
      "region = x\n");
  const auto& section = config.profiles.at("default");
  EXPECT_EQ(section.find("s3"), "");
  EXPECT_EQ(section.nested.at("s3").at("addressing_style"), "path");
  EXPECT_EQ(section.nested.at("s3").at("max_queue"), "7");
  EXPECT_EQ(section.find("long"), "one\ntwo\nthree = 3");
  EXPECT_EQ(section.find("addressing_style"), "");
  EXPECT_EQ(section.find("region"), "x");
}

TEST(SharedConfig, TheLastOfEqualNamesCountsAndSectionsAdd) {
  const auto config =
      parsed("[profile a]\nregion=1\nregion=2\noutput=o\n[profile b]\n[profile a]\nregion=3\n");
  EXPECT_EQ(config.profiles.at("a").find("region"), "3");
  EXPECT_EQ(config.profiles.at("a").find("output"), "o");
}

TEST(SharedConfig, SaysWhichLineIsWrongAndShowsNoValue) {
  const std::pair<const char*, const char*> bad[] = {
      {"region = canary\n", "line 1: a setting before the first [section]"},
      {"[default]\n\n# c\ncanary\n", "line 4: a setting without '='"},
      {"[default]\n= canary\n", "line 2: a setting without a name"},
      {"[default\n", "line 1: a section without ']'"},
      {"[default] canary\n", "line 1: text after ']'"},
      {"[]\n", "line 1: a section without a name"},
      {"[profile]\n", "line 1: a [profile] section without a name"},
      {"[default]\ns3 =\n  canary\n", "line 3: a nested setting without '='"},
      {"[default]\ns3 =\n  = canary\n", "line 3: a nested setting without a name"},
  };
  for (const auto& [text, detail] : bad) {
    const auto config = parse_shared_config(text, SharedFile::kConfig);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code, Errc::kMalformed);
    EXPECT_EQ(config.error().detail, detail);
  }
}

TEST(SharedConfig, HasABound) {
  const auto config =
      parse_shared_config(std::string(kMaxSharedFile + 1, '\n'), SharedFile::kConfig);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Errc::kTooLarge);
}

}  // namespace
}  // namespace passport::wire::aws
