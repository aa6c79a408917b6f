#include "lab/instance_setup.h"

#include <gtest/gtest.h>

namespace passport::lab {
namespace {

InstanceSpec good() {
  return {
      "i-0123456789abcdef0", "web-1.lab", {{"ann", "ssh-ed25519 AAAA ann\n"}}, std::nullopt};
}

TEST(InstanceSpec, AcceptsTheUsual) {
  EXPECT_TRUE(check_instance_spec(good()));
  InstanceSpec managed = good();
  managed.id = "mi-0123456789abcdef0";
  managed.users[0].name = "rs-x7_f";
  EXPECT_TRUE(check_instance_spec(managed));
}

TEST(InstanceSpec, RefusesNamesThatCouldLeaveTheirPlace) {
  for (const char* id : {"", "..", "i-1/../..", "-x", "i-A", "i 1",
                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    InstanceSpec spec = good();
    spec.id = id;
    EXPECT_FALSE(check_instance_spec(spec)) << id;
  }
  for (const char* hostname : {"", "-x", "a b", "a\nb", "$(id)"}) {
    InstanceSpec spec = good();
    spec.hostname = hostname;
    EXPECT_FALSE(check_instance_spec(spec)) << hostname;
  }
  for (const char* name : {"", "Ann", "1ann", "-x", "a'b", "a:b", "ann\n"}) {
    InstanceSpec spec = good();
    spec.users[0].name = name;
    const auto checked = check_instance_spec(spec);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code, Errc::kUsage);
  }
  for (const char* shell : {"", "bash", "/bin/sh -c", "/bin/$x"}) {
    InstanceSpec spec = good();
    spec.users[0].shell = shell;
    EXPECT_FALSE(check_instance_spec(spec)) << shell;
  }
  InstanceSpec spec = good();
  spec.users[0].authorized_keys = std::string("a\0b", 3);
  EXPECT_FALSE(check_instance_spec(spec));
}

TEST(SetupScript, QuotesWhatUsersWrote) {
  InstanceSpec spec = good();
  spec.users[0].authorized_keys = "command=\"echo 'x'\" ssh-ed25519 AAAA\n";
  const std::string script = render_setup_script(spec, {{"rsa", "KEY\n"}});
  EXPECT_NE(script.find("printf %s 'KEY\n' >/etc/ssh/ssh_host_rsa_key\n"), std::string::npos);
  EXPECT_NE(script.find("printf %s 'command=\"echo '\\''x'\\''\" ssh-ed25519 AAAA\n' >"),
            std::string::npos);
  EXPECT_EQ(script.find("sudoers"), std::string::npos);
  spec.users[0].sudo = true;
  EXPECT_NE(render_setup_script(spec, {}).find("/etc/sudoers.d/$user"), std::string::npos);
}

}  // namespace
}  // namespace passport::lab
