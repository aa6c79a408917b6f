#include "lab/fault_settings.h"

#include <gtest/gtest.h>

namespace passport::lab {
namespace {

using namespace std::chrono_literals;

std::string shown(const LabFaults& faults, std::string_view name) {
  return find_fault_setting(name)->render(faults);
}

TEST(FaultSettings, EveryNameTakesWhatItShows) {
  // A value for each that is not its default.
  const std::map<std::string_view, std::string_view> values = {
      {"seed", "18446744073709551615"},
      {"deny", "ssm:ResumeSession,ssm:StartSession"},
      {"expired", "on"},
      {"clock-skew", "-400"},
      {"throttle", "3"},
      {"start-rate", "2.5"},
      {"command-rate", "2.5"},
      {"command-drop", "10"},
      {"command-duplicate", "10"},
      {"command-delay", "5-10"},
      {"command-answer-drop", "10"},
      {"refuse-resume", "denied:3"},
      {"offline", "i-00000000000000001"},
      {"never-attach", "i-00000000000000001"},
      {"stall-sshd", "i-00000000000000001,mi-00000000000000002"},
      {"agent-pace", "1"},
      {"close-after", "1500"},
      {"close-words", "maintenance tonight"},
      {"pause-client", "on"},
      {"pause-agent", "on"},
      {"cut-times", "always"},
      {"cut-resets", "off"},
      {"close-every", "5000"},
      {"close-code", "1011"},
      {"close-reason", "overload"},
      {"half-open", "60000"},
      {"drop", "2.5"},
      {"duplicate", "2"},
      {"corrupt", "0.01"},
      {"delay", "5-50"},
      {"reorder", "50"},
      {"split", "7"},
      {"cut", "0"},
  };
  for (const auto& setting : fault_settings()) {
    if (setting.name == "policy" || setting.name == "trust") continue;  // show names alone
    auto key = setting.name;
    for (const std::string_view way : {"to-client-", "to-agent-"}) {
      if (key.starts_with(way)) key.remove_prefix(way.size());
    }
    ASSERT_TRUE(values.contains(key)) << setting.name;
    const auto value = values.at(key);
    LabFaults faults;
    const auto set = set_fault(faults, setting.name, value);
    ASSERT_TRUE(set) << set.error().detail;
    EXPECT_EQ(setting.render(faults), value) << setting.name;
    const auto listed = list_faults(faults);
    ASSERT_EQ(listed.size(), setting.name == "seed" ? 1u : 2u) << setting.name;
    EXPECT_EQ(listed.front().name, "seed");
    EXPECT_EQ(listed.back().name, setting.name);
    EXPECT_EQ(listed.back().value, value);
    ASSERT_TRUE(set_fault(faults, setting.name, "")) << setting.name;
    EXPECT_EQ(list_faults(faults).size(), 1u) << setting.name << " does not go back";
  }
}

TEST(FaultSettings, RefusesBadValues) {
  struct {
    std::string_view name, value, words;
  } const cases[] = {
      {"nonsense", "1", "\"nonsense\" is no fault"},
      {"\x1b[1m", "1", "is no fault"},
      {"", "1", "\"\" is no fault"},
      {"seed", "-1", "want a number from 0 to 18446744073709551615"},
      {"expired", "yes", "expired \"yes\": want on or off"},
      {"clock-skew", "1h", "want a number from"},
      {"start-rate", "nan", "want a number from 0 to 100000"},
      {"refuse-resume", "never", "want denied, expired or gone"},
      {"refuse-resume", "gone:x", "want always or how often"},
      {"never-attach", "web-1", "\"web-1\" is not an instance id"},
      {"close-code", "999", "want a number from 1000 to 4999"},
      {"close-code", "1005", "no close frame can bear that code"},
      {"close-after", "86400001", "want a number from 0 to 86400000"},
      {"to-client-drop", "101", "to-client-drop \"101\": want a number from 0 to 100"},
      {"to-client-drop", "2%", "want a number"},
      {"to-client-drop", "-0.1", "want a number"},
      {"to-agent-delay", "50-5", "want a number from 50 to"},
      {"to-agent-delay", "5-", "want a number from 5 to"},
      {"to-agent-reorder", "10001", "want a number from 0 to 10000"},
      {"to-agent-cut", "none", "want off or a number of bytes"},
      {"policy", "lab", "want PRINCIPAL:DOCUMENT"},
      {"policy", "a b:{}", "want NAME, user/NAME, role/NAME"},
      {"policy", "lab:{}", "policy: Version"},
      {"trust",
       R"(role/a:{"Version":"2012-10-17","Statement":)"
       R"({"Effect":"Allow","Action":"*","Resource":"*"}})",
       "element \"Resource\" is not known here"},
  };
  for (const auto& c : cases) {
    LabFaults faults;
    const auto set = set_fault(faults, c.name, c.value);
    ASSERT_FALSE(set) << c.name << "=" << c.value;
    EXPECT_NE(set.error().detail.find(c.words), std::string::npos) << set.error().detail;
    EXPECT_EQ(set.error().detail.find('\x1b'), std::string::npos);
    EXPECT_EQ(list_faults(faults).size(), 1u) << "a bad value changed something";
  }
  LabFaults faults;
  EXPECT_FALSE(set_fault(faults, "close-reason", std::string(124, 'x')));
}

TEST(FaultSettings, PoliciesOfPrincipals) {
  LabFaults faults;
  const std::string document =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})";
  ASSERT_TRUE(set_fault(faults, "policy", "lab:" + document));
  ASSERT_TRUE(set_fault(faults, "policy", "arn:aws:iam::1:role/ops:" + document));
  EXPECT_EQ(shown(faults, "policy"),
            "arn:aws:iam::123456789012:user/lab,arn:aws:iam::1:role/ops");
  EXPECT_EQ(faults.policies.at("arn:aws:iam::1:role/ops"), document);
  ASSERT_TRUE(set_fault(faults, "policy", "lab:"));
  EXPECT_EQ(shown(faults, "policy"), "arn:aws:iam::1:role/ops");
  ASSERT_TRUE(set_fault(faults, "policy", ""));
  EXPECT_TRUE(faults.policies.empty());
}

TEST(FaultSettings, Assignments) {
  const auto one = parse_assignment("close-words=a=b");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->name, "close-words");
  EXPECT_EQ(one->value, "a=b");
  const auto bad = parse_assignment("expired");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Errc::kUsage);
  EXPECT_EQ(bad.error().detail, "\"expired\" is no NAME=VALUE");
}

}  // namespace
}  // namespace passport::lab
