#include "config-gen/check.h"

#include <gtest/gtest.h>

namespace passport::config_gen {
namespace {

std::vector<json::object> requests(const char* state, const char* of_instance,
                                   const char* error = "") {
  return {{{"id", "ar-1"},
           {"state", state},
           {"instances",
            json::array{{{"id", "i-00000000000000001"},
                         {"state", of_instance},
                         {"error", error},
                         {"name", "Web"}},
                        {{"id", "i-00000000000000002"}, {"state", "active"}, {"name", "db"}},
                        {{"id", "i-00000000000000003"}, {"state", "active"}, {"name", "DB"}},
                        {{"id", "i-00000000000000004"}, {"state", "active"}}}}}};
}

TEST(Check, InstancesAreFoundByIdAndByName) {
  const auto all = requests("active", "waiting");
  for (const auto* name : {"web", "WEB", "web.passport", "i-00000000000000001"})
    EXPECT_EQ(find_instance(name, all, {}).value(), "i-00000000000000001") << name;
  EXPECT_EQ(find_instance("db.i-00000000000000003", all, {}).value(), "i-00000000000000003");
  EXPECT_EQ(find_instance("i-0ffffffffffffffff", all, {}).value(), "i-0ffffffffffffffff");
  const auto several = find_instance("db", all, {}).error();
  EXPECT_EQ(several.code, Errc::kUsage);
  EXPECT_EQ(several.hint, "name one of them: db.i-00000000000000002 db.i-00000000000000003");
  for (const auto* name : {"", "none", ".", "passport", ".passport", "d", "i-"})
    EXPECT_EQ(find_instance(name, all, {}).error().code, Errc::kDenied) << name;
  EXPECT_EQ(find_instance("a\x1b[1m\nb", all, {}).error().detail,
            "a\\x1b[1m\\x0ab: no request of yours is active for it");
}

TEST(Check, ANameIsWhatItIsInTheFile) {
  const auto all = requests("active", "failed");
  CertifiedAccess written;  // another "db" has no user, and is not in the file
  written.hosts = {{"i-00000000000000003", {}, "DB"}};
  for (const auto* name : {"db", "db.passport", "db.i-00000000000000003"})
    EXPECT_EQ(find_instance(name, all, {written}).value(), "i-00000000000000003") << name;
  EXPECT_EQ(find_instance("web", all, {written}).value(), "i-00000000000000001");
}

TEST(Check, WhyAnInstanceHasNoUser) {
  const struct {
    const char* request;
    const char* instance;
    const char* error;
    Errc code;
    const char* words;
  } cases[] = {
      {"pending", "waiting", "", Errc::kDenied, "your request ar-1 waits for approval"},
      {"provisioning", "waiting", "", Errc::kUnavailable, "its user is being made"},
      {"active", "provisioning", "offline", Errc::kUnavailable,
       "its user is being made: offline"},
      {"active", "failed", "a\nb", Errc::kUnavailable, "it has no user: failed: a\\x0ab"},
      {"completing", "removing", "", Errc::kDenied, "your request ar-1 is ending"},
      {"active", "removed", "", Errc::kDenied, "your request ar-1 is ending"},
      {"active", "active", "", Errc::kUnavailable, "it told no host key that can be checked"},
  };
  for (const auto& one : cases) {
    const auto why =
        explain_missing("i-00000000000000001", requests(one.request, one.instance, one.error));
    EXPECT_EQ(why.code, one.code) << one.words;
    EXPECT_EQ(why.detail, std::string("i-00000000000000001: ") + one.words);
  }
  const auto none = explain_missing("i-0ffffffffffffffff", requests("active", "active"));
  EXPECT_EQ(none.code, Errc::kDenied);
  EXPECT_EQ(none.hint,
            "ask for access: passport request create --reason ... "
            "i-0ffffffffffffffff");
}

}  // namespace
}  // namespace passport::config_gen
