#include "client/redact.h"

#include <array>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace passport::client {
namespace {

constexpr std::array<std::string_view, 2> kKeys = {"service", "region"};
constexpr std::string_view kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUcgA5pNSBfF3YMdoE+PYi9lYdBoPXjCqCnwMuQqvOV";

TEST(Redact, AConfigurationShowsTheKeysThatAreKnown) {
  EXPECT_EQ(redact_config("# my password is swordfish\n"
                          "service = https://passport.example.com\n"
                          "\n"
                          "pasword = swordfish\n"
                          "swordfish\n"
                          "c3dvcmRmaXNo=\n"
                          "[swordfish]\n"
                          "region = eu-west-1",
                          kKeys),
            "# [redacted]\n"
            "service = https://passport.example.com\n"
            "\n"
            "pasword = [redacted]\n"
            "[redacted]\n"
            "[redacted]\n"
            "[redacted]\n"
            "region = eu-west-1\n");
  EXPECT_EQ(redact_config("service = https://h/?swordfish", kKeys),
            "service = https://h/[redacted]\n");
  EXPECT_EQ(redact_config("", kKeys), "");
}

TEST(Redact, TheEnvironmentShowsNamesAndHarmlessValues) {
  EXPECT_EQ(redact_environment({"PATH=/bin", "MY_VAR=swordfish", "EMPTY=", "LC_ALL=C",
                                "AWS_SECRET_ACCESS_KEY=swordfish",
                                "HTTPS_PROXY=http://ann:swordfish@proxy:3128",
                                "https_proxy=ann:swordfish@proxy:3128", "no_proxy=a,b",
                                "ALL_PROXY=socks5://ann:swordfish@proxy", "ODD"}),
            "ALL_PROXY=[redacted]\n"
            "AWS_SECRET_ACCESS_KEY=[redacted]\n"
            "EMPTY=\n"
            "HTTPS_PROXY=http://proxy:3128, with a password\n"
            "LC_ALL=C\n"
            "MY_VAR=[redacted]\n"
            "ODD=\n"
            "PATH=/bin\n"
            "https_proxy=http://proxy:3128, with a password\n"
            "no_proxy=a,b\n");
  EXPECT_EQ(redact_environment({"TERM=a\nPATH=b"}), "TERM=a\\x0aPATH=b\n");
}

TEST(Redact, AnAnswerShowsTheKeysThatAreKnown) {
  const auto value = json::parse(
      R"({"id":"ar-1","reason":"swordfish","ends_at":5,"tags":{"id":"swordfish"},"swordfish2":[1],)"
      R"("instances":[{"id":"i-1","state":"active","tags":["swordfish"]},7]})");
  EXPECT_EQ(json::serialize(redact_json(value, Names::kShown)),
            R"({"id":"ar-1","reason":"[redacted]","ends_at":5,"tags":"[redacted]",)"
            R"("swordfish2":"[redacted]",)"
            R"("instances":[{"id":"i-1","state":"active","tags":"[redacted]"},7]})");
}

TEST(Redact, SshConfigShowsTheKeywordsThatAreKnown) {
  EXPECT_EQ(redact_ssh_config("# swordfish\n"
                              "Host i-1\n"
                              "  HostKeyAlias i-1\n"
                              "  USER rs-1\n"
                              "  SetEnv PASSWORD=swordfish\n"
                              "  sword=fish fish\n"
                              "\tLocalCommand swordfish\n"
                              "  # swordfish",
                              Names::kShown),
            "# [redacted]\n"
            "Host i-1\n"
            "  HostKeyAlias i-1\n"
            "  USER rs-1\n"
            "  ? [redacted]\n"
            "  ? [redacted]\n"
            "\t? [redacted]\n"
            "  # [redacted]\n");
}

TEST(Redact, NamesOfInstancesCanBeHidden) {
  const std::string id = "i-0123456789abcdef0";
  EXPECT_EQ(redact_ssh_config("Host " + id + " swordfish\nHost " + id + "\n  HostName " + id,
                              Names::kHidden),
            "Host " + id + " [redacted]\nHost " + id + "\n  HostName " + id + "\n");
  EXPECT_EQ(json::serialize(redact_json(
                json::parse(R"([{"id":"i-1","name":"swordfish","key_id":"swordfish"}])"),
                Names::kHidden)),
            R"([{"id":"i-1","name":"[redacted]","key_id":"[redacted]"}])");
}

TEST(Redact, KnownHostsShowsKeys) {
  const auto key = std::string(kKey);
  EXPECT_EQ(redact_known_hosts("i-1 " + key + " swordfish\n\nswordfish\n# swordfish\ni-2 " +
                               key + "\ni-3 ssh-ed25519 c3dvcmRmaXNo\n"),
            "i-1 " + key + "\n\n[redacted]\n[redacted]\ni-2 " + key + "\n[redacted]\n");
}

TEST(Redact, TheEnvironmentHasSecretsThatAreKnown) {
  std::string all;
  for (const auto& secret :
       secrets_of({"AWS_SECRET_ACCESS_KEY=swordfish", "PASSPORT_TOKEN_FILE=/home/ann/token",
                   "MY_TOKEN=short", "Db_Passwd=swordfish2", "ODD_KEY",
                   "HTTPS_PROXY=http://ann:s:word@fish@proxy:3128", "all_proxy=ann:x@proxy",
                   "http_proxy=http://proxy:3128", "NO_PROXY=ann:swordfish3@x"}))
    all += std::string(secret.reveal()) + "\n";
  EXPECT_EQ(all, "swordfish\nswordfish2\nword@fish\nx\n");
}

TEST(Redact, HostsThatAreConfiguredAreKnown) {
  using List = std::vector<std::string>;
  EXPECT_EQ(hosts_of_environment({"HTTPS_PROXY=http://ann:p@ss@proxy.example.com:3128/",
                                  "http_proxy=other:3128",
                                  "AWS_ENDPOINT_URL=https://vpce-1.example.com",
                                  "AWS_ENDPOINT_URL_KMS=https://[fd00::1]:8/",
                                  "PASSPORT_SERVICE=https://passport.example.com/x?y",
                                  "NO_PROXY=a", "URL=https://b", "ALL_PROXY=", "ODD"}),
            (List{"proxy.example.com", "other", "vpce-1.example.com", "fd00::1",
                  "passport.example.com"}));
  EXPECT_EQ(
      hosts_of_config("nonsense\n[x\n service = https://passport.example.com:8443\nca = /a\n"),
      List{"passport.example.com"});
  for (const auto* host : {"ssm.eu-west-1.amazonaws.com", "sts.cn-north-1.amazonaws.com.cn"})
    EXPECT_TRUE(is_public_endpoint(host)) << host;
  for (const auto* host : {"vpce-1-ab.ssm.eu-west-1.vpce.amazonaws.com", "ssm.example.com",
                           "amazonaws.com.example.com"})
    EXPECT_FALSE(is_public_endpoint(host)) << host;
}

TEST(Redact, WhatIsTooLongIsCut) {
  EXPECT_EQ(cut_text("ab\ncd\nef\n", 7), "ab\ncd\n[cut]\n");
  EXPECT_EQ(cut_text("ab\ncd\nef\n", 6), "ab\ncd\n[cut]\n");
  EXPECT_EQ(cut_text("abcdef\n", 4), "abcd[cut]\n") << "one line, as JSON is";
  EXPECT_EQ(cut_text("ab\xc3\xbc", 3), "ab[cut]\n");
}

}  // namespace
}  // namespace passport::client
