#include "config-gen/include.h"

#include <gtest/gtest.h>

#include "tests/wire/ssh/keygen.h"

namespace passport::config_gen {
namespace {

constexpr const char* kLine = "Include \"/run/user/1000/passport/ssh_hosts\"";

TEST(Include, TheLineIsAddedOnceAndTakenBack) {
  const std::string with = std::string(kLine) + "\n";
  for (const std::string text :
       {"", "\n", "Host *\n", "Host *", "# mine\r\nHost *\r\n", " \n\n\tHost x", "\0\n"}) {
    const auto added = add_line(text, kLine);
    EXPECT_EQ(added, with + text);
    EXPECT_EQ(add_line(added, kLine), added);
    EXPECT_EQ(remove_line(added, kLine), text);
    EXPECT_EQ(remove_line(text, kLine), text);
  }
}

TEST(Include, TheLineIsFoundWhereverItIs) {
  const std::string line = kLine;
  for (const auto& text : {"Host *\n" + line + "\n", "Host *\n  " + line + " \r\nHost x\n",
                           "\n\n" + line, line + "\n"})
    EXPECT_EQ(add_line(text, kLine), text);
  EXPECT_EQ(remove_line("Host *\n  " + line + " \r\nHost x\n", kLine), "Host *\nHost x\n");
  EXPECT_EQ(remove_line("a\n" + line, kLine), "a\n");
  for (const auto& other : {"#" + line, line + "x", line.substr(1), line + " other"})
    EXPECT_NE(add_line(other, kLine), other);
}

TEST(Include, SshTakesThePathAsItIs) {
  const wire::ssh::Workshop shop;
  shop.write("a b'c", "Host x\n  HostName found\n");
  shop.write("config", make_include_line(shop.path("a b'c")).value() + "\n");
  EXPECT_NE(shop.run("ssh -G -F config x").find("\nhostname found\n"), std::string::npos);
  for (const auto* bad : {"/a*", "/a?", "/[a]", "/a%h", "/a\"", "/a\nb", "a", "/${x}"})
    EXPECT_EQ(make_include_line(bad).error().code, Errc::kConfig) << bad;
}

}  // namespace
}  // namespace passport::config_gen
