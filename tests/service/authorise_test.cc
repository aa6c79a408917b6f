// Every action of every role on every object, beside a table written by hand; and the routes.
#include "service/authorise.h"

#include <array>
#include <set>

#include <gtest/gtest.h>

#include "service/routes.h"

namespace passport::service {
namespace {

Config make_config() {
  Config config;
  auto& account = config.accounts["123456789012"];
  account.id = "123456789012";
  account.admins = {"admins"};
  account.observers = {"observers"};
  account.approvers = {"approvers"};
  config.accounts["210987654321"].admins = {"elsewhere"};
  return config;
}

struct Row {
  Action action;
  /// Who may, of: Admin, Observer, aPprover, Elsewhere's admin, Nobody; in lower case for one's
  /// own request, in upper case for another's.
  std::string_view who;
};
constexpr std::array<Row, 11> kTable = {{
    {Action::kShow, "AOPaopen"},
    {Action::kExtend, "a"},
    {Action::kComplete, "Aaopen"},
    {Action::kApprove, "P"},
    {Action::kDeny, "P"},
    {Action::kCertify, "a"},
    {Action::kStartSession, "a"},
    {Action::kResumeSession, "a"},
    {Action::kTerminateSession, "aopen"},
    {Action::kReportSession, "aopen"},
    {Action::kCreate, "Aa"},
}};
const std::array<std::pair<char, std::string>, 5> kGroups = {{{'a', "admins"},
                                                              {'o', "observers"},
                                                              {'p', "approvers"},
                                                              {'e', "elsewhere"},
                                                              {'n', "nothing"}}};

TEST(Authorise, OneActionOfOneRoleAtATime) {
  const auto config = make_config();
  for (const auto& row : kTable) {
    for (const auto& [letter, group] : kGroups) {
      const Subject subject{"me", {group}};
      const Object own{"123456789012", "me"};
      const Object others{"123456789012", "you"};
      const auto upper = static_cast<char>(letter - 'a' + 'A');
      EXPECT_EQ(authorise(subject, row.action, own, config).has_value(),
                row.who.find(letter) != std::string_view::npos)
          << to_string(row.action) << " own " << letter;
      EXPECT_EQ(authorise(subject, row.action, others, config).has_value(),
                row.who.find(upper) != std::string_view::npos)
          << to_string(row.action) << " others' " << letter;
      EXPECT_FALSE(authorise(subject, row.action, {}, config));
      EXPECT_FALSE(authorise(subject, row.action, {"999999999999", "me"}, config));
      EXPECT_FALSE(authorise({"", {group}}, row.action, own, config));
      EXPECT_FALSE(authorise({"", {group}}, row.action, {"123456789012", ""}, config));
    }
  }
}

TEST(Authorise, WhatIsNotThereLooksAsWhatIsNotTheirs) {
  const auto config = make_config();
  const Subject stranger{"me", {"nothing"}};
  const auto foreign = authorise(stranger, Action::kShow, {"123456789012", "you"}, config);
  const auto missing = authorise(stranger, Action::kShow, {}, config);
  ASSERT_FALSE(foreign);
  ASSERT_FALSE(missing);
  EXPECT_EQ(foreign.error().detail, missing.error().detail);
  EXPECT_EQ(foreign.error().code, missing.error().code);
}

TEST(Authorise, ListsAreForWhoeverIsKnown) {
  const auto config = make_config();
  for (const auto action :
       {Action::kList, Action::kReadAccounts, Action::kReadAccess, Action::kReadAuthorities,
        Action::kReadToken, Action::kRevokeToken}) {
    EXPECT_TRUE(authorise({"me", {}}, action, {}, config));
    EXPECT_FALSE(authorise({"", {}}, action, {}, config));
  }
}

TEST(Routes, EachIsFoundAndNoOther) {
  for (const auto& route : routes()) {
    std::string path(route.path);
    for (const auto& [name, value] :
         {std::pair<std::string, std::string>{"{request}", "ar-0123456789abcdef"},
          {"{session}", "me-0a1b2c"}})
      if (const auto at = path.find(name); at != std::string::npos)
        path.replace(at, name.size(), value);
    const auto found = find_route(route.method, path + "?a=/b");
    ASSERT_TRUE(found) << path;
    EXPECT_EQ(found->route, &route);
    EXPECT_EQ(found->request.empty(), route.path.find("{request}") == std::string_view::npos);
    EXPECT_FALSE(find_route(route.method, path + "/"));
    EXPECT_FALSE(find_route(route.method, path + "x/y"));
    EXPECT_FALSE(find_route(route.method, "/" + path));
    EXPECT_EQ(find_route("DELETE", path).error().code, Errc::kUsage);
    // What is open to everybody is what says nothing of anybody.
    EXPECT_EQ(!route.action,
              !route.path.starts_with("/v1/") || route.endpoint == Endpoint::kReadOpenApi);
  }
}

TEST(Routes, ParametersThatCannotBeAreNotFound) {
  for (const std::string_view id :
       {"ar-0123456789ABCDEF", "ar-0123456789abcde", "ar-0123456789abcdef0", "", "..", "%2e%2e",
        "br-0123456789abcdef"})
    EXPECT_FALSE(find_route("GET", "/v1/requests/" + std::string(id)));
  EXPECT_FALSE(find_route("POST", "/v1/requests/ar-0123456789abcdef/sessions/a%20b/resume"));
  EXPECT_FALSE(find_route("GET", "/v1/requests" + std::string(2000, '/')));
  EXPECT_FALSE(find_route("GET", ""));
}

}  // namespace
}  // namespace passport::service
