#include "client/copy/ssh_dump.h"

#include <gtest/gtest.h>

namespace passport::copy {
namespace {

// As `ssh -G` of OpenSSH 9.2 prints it: some paths have their tokens expanded, some have not.
const std::string kDump =
    "host db\n"
    "user rs-0a1b\n"
    "hostname i-0123456789abcdef0\n"
    "port 22\n"
    "compression yes\n"
    "identityagent /run/user/a b/%agent.sock\n"
    "identityfile /run/user/a b/%%ar-1.pub\n"
    "identityfile /run/user/a b/ar-2.pub\n"
    "hostkeyalias i-0123456789abcdef0\n"
    "userknownhostsfile /run/user/a b/known_%hosts\n"
    "proxycommand '/usr/bin/pass%%port' --request ar-1 %h %p %n %r\n";

TEST(ParseSshDump, ATargetIsAllThatALoginNeeds) {
  const auto target = parse_ssh_dump(kDump, "db");
  ASSERT_TRUE(target) << target.error().detail;
  EXPECT_EQ(target->proxy_command,
            "'/usr/bin/pass%port' --request ar-1 i-0123456789abcdef0 22 db rs-0a1b");
  EXPECT_EQ(target->host_key_name, "i-0123456789abcdef0");
  EXPECT_EQ(target->known_hosts, "/run/user/a b/known_%hosts");
  EXPECT_EQ(target->user, "rs-0a1b");
  EXPECT_EQ(target->agent_socket, "/run/user/a b/%agent.sock");
  EXPECT_EQ(target->certificate_files,
            (std::vector<std::string>{"/run/user/a b/%ar-1.pub", "/run/user/a b/ar-2.pub"}));
  EXPECT_TRUE(target->compress);
}

TEST(ParseSshDump, CertificatesComeBeforeKeys) {
  const auto target = parse_ssh_dump(kDump + "certificatefile /c\ncompression no\n", "db");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->certificate_files.front(), "/c");
  EXPECT_EQ(target->certificate_files.size(), 3u);
}

TEST(ParseSshDump, WithoutAProxyCommandThereIsNoAccess) {
  EXPECT_EQ(parse_ssh_dump("host x\nhostname x\nuser root\n", "x").error().code,
            Errc::kNotFound);
  EXPECT_EQ(parse_ssh_dump("proxycommand none\n", "x").error().code, Errc::kNotFound);
  EXPECT_EQ(parse_ssh_dump("", "x").error().code, Errc::kNotFound);
}

TEST(ParseSshDump, TokensThatAreNotKnownAreRefused) {
  EXPECT_EQ(parse_ssh_dump("identityagent /a\nproxycommand nc %C\n", "x").error().code,
            Errc::kConfig);
  EXPECT_EQ(parse_ssh_dump("identityagent /a\nproxycommand nc %\n", "x").error().code,
            Errc::kConfig);
  EXPECT_EQ(parse_ssh_dump("identityagent /a\nproxycommand nc\nidentityfile %d/x\n", "x")
                .error()
                .code,
            Errc::kConfig);
}

}  // namespace
}  // namespace passport::copy
