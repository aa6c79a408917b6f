#include "config-gen/host_names.h"

#include <gtest/gtest.h>

namespace passport::config_gen {
namespace {

TEST(HostNames, WhatIsLeftOfAName) {
  EXPECT_EQ(make_alias("web"), "web");
  EXPECT_EQ(make_alias("Web Server (eu) #1"), "web-server-eu-1");
  EXPECT_EQ(make_alias("db_primary.example.com"), "db_primary-example-com");
  EXPECT_EQ(make_alias("--web--"), "web");
  EXPECT_EQ(make_alias("_a_"), "a");
  EXPECT_EQ(make_alias("\xc3\xa9t\xc3\xa9"), "t");
  EXPECT_EQ(make_alias("a\nHost *"), "a-host");
  EXPECT_EQ(make_alias(std::string("a\0b", 3)), "a-b");
  EXPECT_EQ(make_alias(std::string(1 << 20, 'x')), std::string(kMaxAlias, 'x'));
  EXPECT_EQ(make_alias(std::string(62, 'x') + "-y"), std::string(62, 'x'));
}

TEST(HostNames, NoneForWhatWouldBeTakenForSomethingElse) {
  for (const auto* name : {"", "*", "?!", "\n", "\xf0\x9f\x94\x91", "localhost", "LOCALHOST.",
                           "i-0123456789abcdef0", "I-0123456789ABCDEF0", "mi-01234567", "i-0",
                           "*i-0123456789abcdef0"})
    EXPECT_EQ(make_alias(name), "") << name;
  EXPECT_EQ(make_alias("i-web"), "i-web");
  EXPECT_EQ(make_alias("i-0-web"), "i-0-web");
}

TEST(HostNames, ANameOfSeveralHasTheId) {
  const api::Host hosts[] = {{"i-1", {}, "web", {}, {}},
                             {"i-2", {}, "WEB", {}, {}},
                             {"i-3", {}, "web.i-1", {}, {}},
                             {"i-4", {}, "", {}, {}},
                             {"i-5", {}, "db", {}, {}}};
  std::vector<const api::Host*> all;
  for (const auto& host : hosts) all.push_back(&host);
  const std::map<std::string, std::string> expected = {
      {"i-1", "web.i-1"}, {"i-2", "web.i-2"}, {"i-3", "web-i-1"}, {"i-5", "db"}};
  EXPECT_EQ(find_aliases(all), expected);
}

}  // namespace
}  // namespace passport::config_gen
