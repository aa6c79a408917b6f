#include "api/settings.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include <gtest/gtest.h>

namespace passport::api {
namespace {

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "passport-api-XXXXXX";
    home_ = ::mkdtemp(pattern.data());
    variables_["HOME"] = home_;
  }
  ~SettingsTest() override { std::filesystem::remove_all(home_); }

  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(home_ + path).parent_path());
    std::ofstream(home_ + path) << text;
  }
  Result<Settings> load() {
    return load_settings([this](std::string_view name) -> std::optional<std::string> {
      const auto at = variables_.find(name);
      if (at == variables_.end()) return {};
      return at->second;
    });
  }

  std::string home_;
  std::map<std::string, std::string, std::less<>> variables_;
};

TEST_F(SettingsTest, AreTheUsersAndThenTheEnvironments) {
  write("/.config/passport/passport.conf",
        "# mine\nservice = https://p.example.com:8443\naccount = 123456789012\nregion = "
        "eu-west-1\n");
  auto settings = load();
  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->service.url, "https://p.example.com:8443");
  EXPECT_EQ(settings->service.token_file, home_ + "/.local/state/passport/token");
  EXPECT_EQ(settings->account, "123456789012");
  EXPECT_EQ(settings->region, "eu-west-1");
  variables_["PASSPORT_SERVICE"] = "https://other.example.com";
  variables_["PASSPORT_CA"] = "/etc/ca.pem";
  variables_["PASSPORT_TOKEN_FILE"] = "/run/token";
  variables_["PASSPORT_REGION"] = "us-east-1";
  variables_["PASSPORT_ACCOUNT"] = "";
  variables_["PASSPORT_INVENTORY_TAGS"] = " Role, Cost Center ,,";
  settings = load();
  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->service.url, "https://other.example.com");
  EXPECT_EQ(settings->service.ca_file, "/etc/ca.pem");
  EXPECT_EQ(settings->service.token_file, "/run/token");
  EXPECT_EQ(settings->region, "us-east-1");
  EXPECT_EQ(settings->account, "123456789012");
  EXPECT_EQ(settings->inventory_tags, (std::vector<std::string>{"Role", "Cost Center"}));
}

TEST_F(SettingsTest, FollowTheFoldersOfTheEnvironment) {
  variables_["XDG_CONFIG_HOME"] = home_ + "/c";
  variables_["XDG_STATE_HOME"] = home_ + "/s";
  write("/c/passport/passport.conf", "service = https://c\n");
  EXPECT_EQ(load()->service.url, "https://c");
  EXPECT_EQ(load()->service.token_file, home_ + "/s/passport/token");
  variables_["XDG_STATE_HOME"] = "relative";
  EXPECT_EQ(load()->service.token_file, home_ + "/.local/state/passport/token");
  variables_["PASSPORT_CONFIG"] = home_ + "/other";
  EXPECT_EQ(load().error().detail, home_ + "/other: it cannot be read");
  write("/other", "service = https://other\n");
  EXPECT_EQ(load()->service.url, "https://other");
}

TEST_F(SettingsTest, WhatCannotBeUsedIsToldWithFileAndLine) {
  const auto path = home_ + "/.config/passport/passport.conf";
  const std::pair<const char*, const char*> cases[] = {
      {"servise = x", "line 1: unknown key \"servise\""},
      {"\n[section]", "line 2: unknown section \"section\""},
      {"region = a b", "line 1: \"region\" cannot be \"a b\""},
      {"ca = relative.pem", "line 1: \"ca\" cannot be \"relative.pem\""},
      {"service =", "line 1: \"service\" cannot be \"\""},
      {"region = eu-west-1\nregion = eu-west-2", "line 2: \"region\" is set twice"},
      {"account = 12", "line 1: \"account\" cannot be \"12\""},
      {"service = a\x1b[2J", "line 1: \"service\" cannot be \"a\\x1b[2J\""}};
  for (const auto& [text, what] : cases) {
    write("/.config/passport/passport.conf", text);
    EXPECT_EQ(load().error().detail, path + ": " + what);
    EXPECT_EQ(load().error().code, Errc::kConfig);
  }
  write("/.config/passport/passport.conf", std::string(70'000, '#'));
  EXPECT_EQ(load().error().detail, path + ": it cannot be read");
  write("/.config/passport/passport.conf", "");
  EXPECT_TRUE(load());
  variables_["PASSPORT_REGION"] = "nowhere at all";
  EXPECT_EQ(load().error().detail, "PASSPORT_REGION cannot be \"nowhere at all\"");
}

/// The sample can be used as it is, and with everything in it turned on.
TEST_F(SettingsTest, TheSampleSaysWhatThereIs) {
  std::ifstream file(PASSPORT_TEST_DATA "/../../client/passport.conf");
  std::string text(std::istreambuf_iterator<char>(file), {});
  Settings some;
  ASSERT_TRUE(read_settings(text, some));
  EXPECT_EQ(some.service.url, "https://passport.example.com:8443");
  EXPECT_TRUE(some.account.empty());
  for (auto at = text.find("\n#"); at != std::string::npos; at = text.find("\n#", at + 1))
    if (text[at + 2] != ' ') text.erase(at + 1, 1);
  Settings all;
  const auto read = read_settings(text, all);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(all.account, "123456789012");
  EXPECT_EQ(all.region, "eu-west-1");
  EXPECT_EQ(all.service.ca_file, "/etc/passport/ca.pem");
  EXPECT_EQ(all.service.token_file, "/home/ann/.local/state/passport/token");
}

}  // namespace
}  // namespace passport::api
