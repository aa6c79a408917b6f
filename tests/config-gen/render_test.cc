// What is written, read back by ssh itself.
#include "config-gen/render.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/config-gen/hostile.h"
#include "tests/wire/ssh/keygen.h"

namespace passport::config_gen {
namespace {

constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
constexpr const char* kId = "i-0123456789abcdef0";

json::object request(const std::string& id = "ar-0123456789abcdef",
                     const std::string& instance = kId) {
  return {
      {"id", id},
      {"user", "rs-0a1b"},
      {"ends_at", 1'700'000'000},
      {"instances",
       json::array{{{"id", instance}, {"state", "active"}, {"host_keys", json::array{kKey}}}}}};
}

api::Host host(unsigned number, const std::string& name) {
  return {fmt::format("i-{:017x}", number),
          {*wire::ssh::parse_public_key_line(kKey)},
          name,
          "Linux",
          {}};
}

class RenderTest : public testing::Test {
 protected:
  RenderTest() {
    plan.proxy_command = {"/opt/it's/passport-proxy", "--service",
                          "https://p.example.com:8443/%h"};
    plan.agent_socket = shop.path("agent %d.sock");
    plan.known_hosts = shop.path("known");
    plan.control_folder = "/run/user/1000/pass port%h";
  }
  void write_config(bool included = false) {
    settle_hosts(plan.accesses);
    const auto text = render_ssh_config(plan, included);
    ASSERT_TRUE(text) << text.error().detail;
    shop.write("config", *text);
  }
  /// What ssh makes of it for the host.
  std::string effective(const std::string& name) {
    write_config();
    return "\n" + shop.run("ssh -G -F config " + name);
  }
  void give_hosts(std::vector<api::Host> hosts) {
    api::Access access{"ar-0123456789abcdef", "rs-0a1b", 1'700'000'000, std::move(hosts)};
    plan.accesses = {{std::move(access)}};
  }

  wire::ssh::Workshop shop;
  ConfigPlan plan;
};

#define EXPECT_SEES(seen, line) \
  EXPECT_NE((seen).find("\n" + std::string(line) + "\n"), std::string::npos) << line << (seen)

TEST_F(RenderTest, SshSeesWhatWasMeant) {
  plan.accesses = {{*api::parse_access(request())}};
  plan.accesses[0].certificate_files = {shop.path("a b-cert.pub"), shop.path("c%-cert.pub")};
  for (const auto* name : {kId, "other@i-0123456789abcdef0", "-p 2222 i-0123456789abcdef0"}) {
    const auto seen = effective(name);
    EXPECT_SEES(seen, std::string("hostname ") + kId);
    EXPECT_SEES(seen, "identitiesonly yes");
    EXPECT_SEES(seen, "stricthostkeychecking true");
    EXPECT_SEES(seen, "forwardagent no");
    EXPECT_SEES(seen, "compression yes");
    EXPECT_SEES(seen, "identityfile " + shop.path("a b-cert.pub"));
    EXPECT_SEES(seen, "identityfile " + shop.path("c%%-cert.pub"));
    EXPECT_SEES(seen, "identityagent " + shop.path("agent %d.sock"));  // as ssh uses it
    EXPECT_SEES(seen, "userknownhostsfile " + shop.path("known"));
    EXPECT_SEES(seen, "controlmaster auto");
    EXPECT_SEES(seen,
                "proxycommand '/opt/it'\\''s/passport-proxy' '--service' "
                "'https://p.example.com:8443/%%h' --request ar-0123456789abcdef %h %p");
    EXPECT_EQ(seen.find("identityfile ~"), std::string::npos) << "keys of the user's own";
  }
  EXPECT_SEES(effective(kId), "user rs-0a1b");
  EXPECT_EQ(effective("other.example.com").find("rs-0a1b"), std::string::npos);
}

TEST_F(RenderTest, ALaterEndComesFirst) {
  plan.accesses = {{*api::parse_access(request())},
                   {*api::parse_access(request("ar-1111111111111111"))}};
  plan.accesses[1].ends_at += 1;
  plan.accesses[1].user = "rs-later";
  EXPECT_SEES(effective(kId), "user rs-later");
  EXPECT_EQ(render_known_hosts(plan.accesses), std::string(kId) + " " + kKey + "\n");
}

TEST_F(RenderTest, HostsWithoutAUserAreLeftOut) {
  auto waiting = request();
  auto& instance = waiting["instances"].as_array()[0].as_object();
  instance["state"] = "provisioning";
  EXPECT_EQ(api::parse_access(waiting)->hosts.size(), 1U) << "its end is being moved";
  instance.erase("host_keys");
  plan.accesses = {{*api::parse_access(waiting)}};
  EXPECT_TRUE(plan.accesses[0].hosts.empty());
  const auto seen = effective(kId);
  EXPECT_EQ(seen.find("rs-0a1b"), std::string::npos);
  EXPECT_EQ(render_ssh_config(plan, true).value(), kHeader);
}

TEST_F(RenderTest, AHostWithoutKeysIsNotInTheWayOfOthers) {
  for (const bool empty : {false, true}) {
    auto both = request();
    auto& instances = both["instances"].as_array();
    instances.push_back({{"id", "i-00000000000000002"}, {"state", "active"}});
    if (empty) instances[1].as_object()["host_keys"] = json::array();
    const auto access = api::parse_access(both);
    ASSERT_TRUE(access) << access.error().detail;
    ASSERT_EQ(access->hosts.size(), 1U);
    EXPECT_EQ(access->hosts[0].id, kId);
  }
}

/// An id that is not in the file never goes to the network, except where the file is a part of
/// the user's own, who may have another way to it.
TEST_F(RenderTest, OtherIdsGoToTheProxy) {
  const auto seen = effective("i-0ffffffffffffffff");
  EXPECT_SEES(seen,
              "proxycommand '/opt/it'\\''s/passport-proxy' '--service' "
              "'https://p.example.com:8443/%%h' '%h' %p");
  write_config(true);
  EXPECT_EQ(shop.run("ssh -G -F config i-0ffffffffffffffff").find("proxycommand"),
            std::string::npos);
}

/// A submodule's URL may name any host, and ssh gives its name to a shell as it is: before 9.6
/// any, later those of a HostName.
TEST_F(RenderTest, ANameSaysNothingToTheShell) {
  plan.proxy_command = {"true"};
  write_config();
  for (const std::string name : {"i-`touch hit`", "i-$(touch hit)", "i-;touch hit;",
                                 "mi-&touch hit", "i-'`touch hit`'", "i-';touch hit;'"}) {
    shop.write("own", "Host x\n  HostName \"" + name + "\"\nInclude " + shop.path("config"));
    const bool is_quoted = name.find('\'') != std::string::npos;
    EXPECT_EQ(shop.run("ssh -G -F own x").find("proxycommand") == std::string::npos, is_quoted);
    shop.run("ssh -F own x true", 255);
    EXPECT_EQ(shop.run("ls"), "config\nown\n") << name;
  }
}

TEST_F(RenderTest, NamesLeadToIds) {
  give_hosts({host(1, "Web Server"), host(2, "db"), host(3, "DB"), host(4, "")});
  EXPECT_SEES(effective("web-server"), "hostname i-00000000000000001");
  EXPECT_SEES(effective("web-server"), "user rs-0a1b");
  EXPECT_SEES(effective("db.i-00000000000000003"), "hostname i-00000000000000003");
  EXPECT_SEES(effective("db"), "hostname db") << "of two, none is meant";
  write_config(true);
  EXPECT_SEES("\n" + shop.run("ssh -G -F config web-server"), "hostname web-server")
      << "in the user's own file a name must not stand for another machine";
  EXPECT_SEES("\n" + shop.run("ssh -G -F config web-server.passport"),
              "hostname i-00000000000000001");
}

TEST_F(RenderTest, AUsersOwnSettingsAreNotInTheWay) {
  plan.accesses = {{*api::parse_access(request())}};
  write_config(true);
  shop.write("own", "Include " + shop.path("config") +
                        "\nHost *\n  Port 2200\n  User me\n  ProxyJump bastion\n"
                        "  IdentityAgent none\n  StrictHostKeyChecking no\n  ForwardAgent yes\n"
                        "  UserKnownHostsFile /dev/null\n  CanonicalizeHostname yes\n"
                        "  PubkeyAuthentication no\n  VerifyHostKeyDNS yes\n");
  const auto seen = "\n" + shop.run("ssh -G -F own " + std::string(kId));
  for (const auto* line :
       {"port 22", "user rs-0a1b", "stricthostkeychecking true", "forwardagent no",
        "canonicalizehostname false", "pubkeyauthentication true", "verifyhostkeydns false"})
    EXPECT_SEES(seen, line);
  EXPECT_EQ(seen.find("proxyjump"), std::string::npos);
  EXPECT_SEES("\n" + shop.run("ssh -G -F own example.com"), "proxyjump bastion");
}

/// ssh fails where the socket of a shared connection has too long a name.
TEST_F(RenderTest, ConnectionsAreSharedWhereThatIsPossible) {
  plan.accesses = {{*api::parse_access(request())}};
  EXPECT_NE(effective(kId).find("\ncontrolpath /run/user/1000/pass port%h/m-"),
            std::string::npos);
  plan.control_folder = "/" + std::string(46, 'a');
  const auto path = effective(kId);
  const auto at = path.find("\ncontrolpath ") + 13;
  EXPECT_EQ(path.find('\n', at) - at, 47 + 3 + 40);
  for (const auto& none : {std::string(), "/" + std::string(47, 'a')}) {
    plan.control_folder = none;
    EXPECT_SEES(effective(kId), "controlmaster false");
  }
}

TEST_F(RenderTest, KnownHostsAreFoundBySsh) {
  shop.write("known", render_known_hosts({{*api::parse_access(request())}}));
  const auto found = shop.run(std::string("ssh-keygen -F ") + kId + " -f known");
  EXPECT_NE(found.find(kKey), std::string::npos) << found;
}

TEST_F(RenderTest, PathsThatSshWouldExpandAreRefused) {
  plan.accesses = {{*api::parse_access(request())}};
  for (const auto* bad : {"relative", "/a\"b", "/a\nb", "/a\\b", "/${HOME}/x", "/\x7f", ""}) {
    auto wrong = plan;
    wrong.agent_socket = bad;
    EXPECT_EQ(render_ssh_config(wrong, false).error().code, Errc::kConfig) << bad;
    wrong = plan;
    wrong.accesses[0].certificate_files = {bad};
    EXPECT_EQ(render_ssh_config(wrong, false).error().code, Errc::kConfig) << bad;
  }
  plan.proxy_command.emplace_back("a\nHost *");
  EXPECT_EQ(render_ssh_config(plan, false).error().code, Errc::kConfig);
}

/// Whatever a service says, a line of its own never gets in: it is refused, or it is what it
/// should be.
TEST_F(RenderTest, HostileAnswersAddNothing) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  HostileNames hostile(seed);
  const auto lines = [](const std::string& t) { return std::count(t.begin(), t.end(), '\n'); };
  const auto render = [](const api::Access& access) {
    return render_ssh_config({{{access}}, {"p"}, "/a", "/k", ""}, true);
  };
  const auto clean = render(*api::parse_access(request())).value();
  const std::string good[] = {"ar-1111111111111111", "rs-1", "i-11111111111111111", kKey};
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    auto answer = request();
    auto& instance = answer["instances"].as_array()[0].as_object();
    json::value* const fields[] = {&answer["id"], &answer["user"], &instance["id"],
                                   &instance["host_keys"].as_array()[0]};
    const auto which = hostile.random()() % 4;
    *fields[which] = hostile.random()() % 8 == 0 ? good[which] : hostile.next();
    const auto access = api::parse_access(answer);
    if (!access) continue;
    ++taken;
    const auto text = render(*access);
    ASSERT_TRUE(text);
    ASSERT_EQ(lines(*text), lines(clean)) << *text;
    ASSERT_EQ(lines(render_known_hosts({{*access}})), 1);
    for (const auto* bad : {"touch", "$", "`", "\"\"", "\x1b", "Host x", "!"})
      ASSERT_EQ(text->find(bad), std::string::npos) << *text;
  }
  EXPECT_GT(taken, 1000);
}

/// Every line of a file with hostile names is one of those that a harmless name gives.
TEST_F(RenderTest, HostileNamesAddNothing) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  HostileNames hostile(seed);
  const std::regex first(
      "Host (i-[0-9a-f]{17})( [a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\\.\\1)?)?");
  constexpr unsigned kHosts = 1000;
  unsigned named = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<api::Host> hosts;
    for (unsigned n = 0; n < kHosts; ++n) hosts.push_back(host(n, hostile.next()));
    give_hosts(std::move(hosts));
    std::istringstream text(render_ssh_config(plan, false).value());
    std::string line;
    std::getline(text, line);
    std::set<std::string> seen;
    for (unsigned n = 0; n < kHosts; ++n) {
      std::getline(text, line);
      std::smatch match;
      ASSERT_TRUE(std::regex_match(line, match, first)) << escape_for_terminal(line);
      ASSERT_EQ(match[1], fmt::format("i-{:017x}", n));
      if (match[2].matched) ASSERT_TRUE(seen.insert(match[2]).second) << line << " twice";
      std::getline(text, line);
      ASSERT_EQ(line, fmt::format("  HostName i-{:017x}", n));
    }
    named += static_cast<unsigned>(seen.size());
    std::getline(text, line);
    ASSERT_TRUE(line.starts_with("Match host i-")) << line;
    ASSERT_EQ(line.find_first_not_of("i-0123456789abcdef,", 11), std::string::npos);
    const std::string rest{std::istreambuf_iterator<char>(text), {}};
    ASSERT_EQ(rest.find("canary"), std::string::npos);
    ASSERT_EQ(std::count(rest.begin(), rest.end(), '\n'), 24) << rest;
  }
  EXPECT_GT(named, 10'000U);
}

/// ssh itself, given what was made of hostile names: it goes where it was meant to go, and
/// nothing else is run.
class HostileHosts : public RenderTest {
 protected:
  HostileHosts() {
    const auto seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    HostileNames hostile(seed);
    shop.run("mkdir '100%h $(touch canary) & it'\\''s'");
    const std::string proxy = "100%h $(touch canary) & it's/proxy";
    shop.write(proxy, "#!/bin/sh\necho \"$@\" >>'" + shop.path("went") + "'\n");
    std::filesystem::permissions(shop.path(proxy), std::filesystem::perms::owner_all);
    plan.proxy_command = {shop.path(proxy), "$(touch canary)`touch canary`; touch canary"};
    plan.control_folder = "";
    std::vector<api::Host> hosts;
    for (unsigned n = 0; n < 1500; ++n) hosts.push_back(host(n, hostile.next()));
    give_hosts(std::move(hosts));
    write_config();
    shop.run("awk '$1 == \"Host\" && NF == 3 { print $3, $2 }' config >names");
    std::istringstream list(shop.read("names"));
    for (std::string name, id; list >> name >> id;) ids[name] = id;
  }
  void expect_no_canary() {
    EXPECT_EQ(shop.run("find . / -maxdepth 1 -name canary"), "");
    EXPECT_GE(ids.size(), 1000U);
  }
  std::map<std::string, std::string> ids;  ///< by name
};

TEST_F(HostileHosts, SshSeesWhatWasMeant) {
  const auto all = shop.run(
      "cut -d' ' -f1 names | xargs -P 4 -I NAME sh -c 'ssh -TG -F config NAME >NAME.seen'; "
      "for file in *.seen; do echo \"name ${file%.seen}\"; cat \"$file\"; done");
  std::istringstream text(all);
  std::map<std::string, std::map<std::string, std::string>> seen;
  std::string name;
  for (std::string key, value; text >> key && std::getline(text, value);)
    if (key == "name")
      name = value.substr(1);
    else
      seen[name][key] += value;
  ASSERT_EQ(seen.size(), ids.size());
  const std::string proxy = " '" + shop.path("100%%h $(touch canary) & it'\\''s/proxy") +
                            "' '$(touch canary)`touch canary`; touch canary' --request "
                            "ar-0123456789abcdef %h %p";
  for (const auto& [alias, id] : ids) {
    auto& values = seen[alias];
    EXPECT_EQ(values["hostname"], " " + id) << alias;
    EXPECT_EQ(values["user"], " rs-0a1b") << alias;
    EXPECT_EQ(values["proxycommand"], proxy) << alias;
    EXPECT_EQ(values["identityfile"], " none") << alias;
  }
  expect_no_canary();
}

TEST_F(HostileHosts, NothingElseIsRun) {
  shop.run(
      "cut -d' ' -f1 names | xargs -P 4 -I NAME sh -c 'ssh -TF config NAME true || :' "
      "2>errors");
  std::map<std::string, int> expected;
  for (const auto& [alias, id] : ids)
    ++expected["$(touch canary)`touch canary`; touch canary --request ar-0123456789abcdef " +
               id + " 22"];
  std::map<std::string, int> went;
  std::istringstream lines(shop.read("went"));
  for (std::string line; std::getline(lines, line);) ++went[line];
  EXPECT_EQ(went, expected) << shop.read("errors").substr(0, 300);
  expect_no_canary();
}

}  // namespace
}  // namespace passport::config_gen
