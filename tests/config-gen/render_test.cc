// What is written, read back by ssh itself.
#include "config-gen/render.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/wire/ssh/keygen.h"

namespace passport::config_gen {
namespace {

constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

json::object request(const std::string& id = "ar-0123456789abcdef",
                     const std::string& instance = "i-0123456789abcdef0") {
  return {
      {"id", id},
      {"user", "rs-0a1b"},
      {"ends_at", 1'700'000'000},
      {"instances",
       json::array{{{"id", instance}, {"state", "active"}, {"host_keys", json::array{kKey}}}}}};
}

class RenderTest : public testing::Test {
 protected:
  RenderTest() {
    plan.proxy_command = {"/opt/it's/passport-proxy", "--service",
                          "https://p.example.com:8443/%h"};
    plan.agent_socket = shop.path("agent %d.sock");
    plan.known_hosts = shop.path("known");
    plan.control_path = shop.path("m-%C");
  }
  /// What ssh makes of it for the host.
  std::string effective(const std::string& host) {
    const auto text = render_ssh_config(plan);
    EXPECT_TRUE(text) << text.error().detail;
    shop.write("config", *text);
    return shop.run("ssh -G -F config " + host);
  }

  wire::ssh::Workshop shop;
  ConfigPlan plan;
};

TEST_F(RenderTest, SshSeesWhatWasMeant) {
  plan.accesses = {{*api::parse_access(request())}};
  plan.accesses[0].certificate_files = {shop.path("a b-cert.pub"), shop.path("c%-cert.pub")};
  const auto seen = effective("i-0123456789abcdef0");
  const auto has = [&](const std::string& line) {
    EXPECT_NE(("\n" + seen).find("\n" + line + "\n"), std::string::npos) << line << "\n"
                                                                         << seen;
  };
  has("user rs-0a1b");
  has("hostkeyalias i-0123456789abcdef0");
  has("identitiesonly yes");
  has("stricthostkeychecking true");
  has("forwardagent no");
  has("identityfile " + shop.path("a b-cert.pub"));
  has("identityfile " + shop.path("c%%-cert.pub"));
  has("identityagent " + shop.path("agent %d.sock"));  // as ssh uses it
  has("userknownhostsfile " + shop.path("known"));
  has("controlmaster auto");
  has("proxycommand '/opt/it'\\''s/passport-proxy' '--service' "
      "'https://p.example.com:8443/%%h' --request ar-0123456789abcdef %h %p");
  EXPECT_EQ(seen.find("identityfile ~"), std::string::npos) << "keys of the user's own";
  EXPECT_EQ(effective("other.example.com").find("rs-0a1b"), std::string::npos);
}

TEST_F(RenderTest, ALaterEndComesFirst) {
  plan.accesses = {{*api::parse_access(request())},
                   {*api::parse_access(request("ar-1111111111111111"))}};
  plan.accesses[1].ends_at += 1;
  plan.accesses[1].user = "rs-later";
  EXPECT_NE(effective("i-0123456789abcdef0").find("user rs-later\n"), std::string::npos);
}

TEST_F(RenderTest, HostsWithoutAUserAreLeftOut) {
  auto waiting = request();
  waiting["instances"].as_array()[0].as_object()["state"] = "provisioning";
  plan.accesses = {{*api::parse_access(waiting)}};
  EXPECT_TRUE(plan.accesses[0].hosts.empty());
  EXPECT_EQ(render_ssh_config(plan)->find("Host"), std::string::npos);
}

TEST_F(RenderTest, KnownHostsAreFoundBySsh) {
  shop.write("known", render_known_hosts({{*api::parse_access(request())}}));
  const auto found = shop.run("ssh-keygen -F i-0123456789abcdef0 -f known");
  EXPECT_NE(found.find(kKey), std::string::npos) << found;
}

TEST_F(RenderTest, PathsThatSshWouldExpandAreRefused) {
  plan.accesses = {{*api::parse_access(request())}};
  for (const auto* bad : {"relative", "/a\"b", "/a\nb", "/a\\b", "/${HOME}/x", "/\x7f", ""}) {
    auto wrong = plan;
    wrong.agent_socket = bad;
    EXPECT_EQ(render_ssh_config(wrong).error().code, Errc::kConfig) << bad;
    wrong = plan;
    wrong.accesses[0].certificate_files = {bad};
    EXPECT_EQ(render_ssh_config(wrong).error().code, Errc::kConfig) << bad;
  }
  plan.proxy_command.emplace_back("a\nHost *");
  EXPECT_EQ(render_ssh_config(plan).error().code, Errc::kConfig);
}

/// Whatever a service says, a line of its own never gets in: it is refused, or it is what it
/// should be.
TEST_F(RenderTest, HostileAnswersAddNothing) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> pieces = {"i-0123456789abcdef0",
                                           "rs-0a1b",
                                           "ar-0123456789abcdef",
                                           kKey,
                                           "\n",
                                           "\"",
                                           "'",
                                           "%h",
                                           "$(",
                                           "touch canary",
                                           ")",
                                           "`",
                                           "*",
                                           "!",
                                           "Host x",
                                           " ",
                                           "-o",
                                           "ProxyCommand",
                                           "\xf0\x9f\x94\x91",
                                           "\x1b",
                                           "..",
                                           "/",
                                           ",",
                                           std::string(1, '\0'),
                                           "@cert-authority",
                                           "|1|"};
  const auto hostile = [&] {
    std::string out;
    for (auto n = random() % 4; n-- > 0;) out += pieces[random() % pieces.size()];
    return out;
  };
  const auto clean =
      render_ssh_config({{{*api::parse_access(request())}}, {"p"}, "/a", "/k", ""}).value();
  const auto clean_hosts = render_known_hosts({{*api::parse_access(request())}});
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    auto answer = request();
    auto& instance = answer["instances"].as_array()[0].as_object();
    json::value* const fields[] = {&answer["id"], &answer["user"], &instance["id"],
                                   &instance["host_keys"].as_array()[0]};
    *fields[random() % 4] = hostile();
    const auto access = api::parse_access(answer);
    if (!access) continue;
    ++taken;
    const auto text = render_ssh_config({{{*access}}, {"p"}, "/a", "/k", ""});
    ASSERT_TRUE(text);
    const auto lines = [](const std::string& t) {
      return std::count(t.begin(), t.end(), '\n');
    };
    ASSERT_EQ(lines(*text), lines(clean)) << *text;
    ASSERT_EQ(lines(render_known_hosts({{*access}})), lines(clean_hosts));
    for (const auto* bad : {"touch", "$", "`", "\"\"", "\x1b", "Host x", "!"})
      ASSERT_EQ(text->find(bad), std::string::npos) << *text;
  }
  EXPECT_GT(taken, 100);
}

}  // namespace
}  // namespace passport::config_gen
