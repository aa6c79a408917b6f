#include "lab/summary.h"

#include <gtest/gtest.h>

namespace passport::lab {
namespace {

Summary example() {
  Summary s;
  s.state_dir = "/run/lab";
  s.endpoint = "https://127.0.0.1:4443";
  s.region = "eu-west-1";
  s.user = "lab";
  s.proxy = "/usr/bin/passport-proxy";
  s.made_state_dir = true;
  s.instances = {{"i-00000000000000001", "online", "root-namespaces", "", {"ssh-ed25519 AAAA"}},
                 {"i-00000000000000009", "offline", "", "", {}}};
  return s;
}

TEST(Summary, SurvivesItsJson) {
  const auto parsed = parse_summary(serialize_summary(example()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(render_summary(*parsed), render_summary(example()));
  EXPECT_EQ(render_ssh_config(*parsed), render_ssh_config(example()));
  EXPECT_EQ(render_known_hosts(*parsed), "i-00000000000000001 ssh-ed25519 AAAA\n");
  EXPECT_TRUE(parsed->made_state_dir);
}

TEST(Summary, RefusesWhatIsNone) {
  for (const char* text : {"", "[]", "{}", R"({"state_dir":"/x"})", R"({"instances":[]})",
                           R"({"state_dir":"/x","instances":[1]})"}) {
    EXPECT_FALSE(parse_summary(text)) << text;
  }
}

TEST(Summary, IsLinesOfWords) {
  EXPECT_EQ(render_summary(example()),
            "env /run/lab/env\n"
            "ssh_config /run/lab/ssh_config\n"
            "audit /run/lab/audit.jsonl\n"
            "endpoint https://127.0.0.1:4443\n"
            "region eu-west-1\n"
            "instance i-00000000000000001 online root-namespaces\n"
            "instance i-00000000000000009 offline\n");
}

TEST(Summary, QuotesPathsForTheShellAndForSsh) {
  auto s = example();
  s.state_dir = "/run/it's 100% mine";
  s.proxy = "/opt/it's 100% mine/passport-proxy";
  const auto env = render_env(s, "AKIA", Secret("secret"));
  EXPECT_NE(env.find("export AWS_CA_BUNDLE='/run/it'\\''s 100% mine/ca.pem'\n"),
            std::string::npos)
      << env;
  const auto config = render_ssh_config(s);
  EXPECT_NE(config.find("  ProxyCommand '/opt/it'\\''s 100%% mine/passport-proxy' %h %p\n"),
            std::string::npos)
      << config;
  EXPECT_NE(config.find("  UserKnownHostsFile \"/run/it's 100%% mine/known_hosts\"\n"),
            std::string::npos);
}

TEST(Summary, TheJsonHoldsNoSecret) {
  EXPECT_EQ(serialize_summary(example()).find("secret"), std::string::npos);
}

TEST(Summary, TheSshConfigPinsEachInstance) {
  const auto config = render_ssh_config(example());
  EXPECT_NE(config.find("Host i-00000000000000001\n  HostKeyAlias i-00000000000000001\n"),
            std::string::npos);
  EXPECT_NE(config.find("  StrictHostKeyChecking yes\n"), std::string::npos);
}

}  // namespace
}  // namespace passport::lab
