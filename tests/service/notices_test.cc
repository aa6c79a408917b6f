// Who has to know is told by a real program, once it works.
#include "service/notices.h"

#include <cstdlib>

#include "tests/service/api_fixture.h"

namespace passport::service {
namespace {

class NoticesTest : public ApiTest {
 protected:
  void set_program(const std::string& text) {
    config.notify = shop.path("notify");
    shop.write("notify", "#!/bin/sh\ncd '" + shop.path("") + "'\n" + text);
    shop.run("chmod 700 notify");
  }
  bool tell_next() {
    Notices notices(io.get_executor(), config, *database);
    return test::run_task(io, notices.tell_next());
  }
  void pause_passes() {
    query("UPDATE notice SET next_at = 1 WHERE over_at = 0 RETURNING event");
  }
  json::object told() { return *parse_json_object(shop.read("told"), "notice"); }
};
INSTANTIATE_TEST_SUITE_P(Engines, NoticesTest, engines(), name_of_engine);

TEST_P(NoticesTest, BreakGlassIsToldUntilTheProgramHasDoneIt) {
  set_program("env >env\n[ -e works ] || { echo no network >&2; exit 7; }\ncat >told\n");
  ::setenv("PASSPORT_TEST_SECRET", "hush", 1);
  const auto gil = token("gil", {"admins", "glass"});
  auto wanted = wish("210987654321");
  wanted["break_glass"] = true;
  ASSERT_EQ(call(gil, "POST", "/v1/requests", wanted, "key").status, 201);
  ASSERT_EQ(call(gil, "POST", "/v1/requests", wanted, "key").status, 201);
  EXPECT_EQ(count("notice"), 1);
  EXPECT_TRUE(tell_next());
  EXPECT_FALSE(tell_next()) << "not before its pause";
  EXPECT_EQ(shop.read("env").find("hush"), std::string::npos) << shop.read("env");
  EXPECT_EQ(count("logbook WHERE action = 'notice.break_glass'"), 0);
  shop.write("works", "");
  pause_passes();
  EXPECT_TRUE(tell_next());
  EXPECT_EQ(find_string(told(), "event"), "break_glass");
  EXPECT_EQ(find_string(told(), "owner"), "gil");
  EXPECT_EQ(find_string(told(), "reason"), "a disk is full");
  EXPECT_EQ(find_array(told(), "instances")->size(), 2U);
  EXPECT_EQ(count("logbook WHERE action = 'notice.break_glass' AND outcome = 'ok'"), 1);
  pause_passes();
  EXPECT_FALSE(tell_next()) << "once is enough";
}

TEST_P(NoticesTest, ApproversAreTold) {
  set_program("cat >told\n");
  const auto ann = token("ann", {"admins"});
  const auto id = create(ann, "210987654321");
  EXPECT_TRUE(tell_next());
  EXPECT_EQ(find_string(told(), "event"), "pending");
  EXPECT_EQ(find_string(told(), "id"), id);
  create(ann);
  EXPECT_FALSE(tell_next()) << "nobody has to do anything for it";
}

TEST_P(NoticesTest, WhatCannotBeToldForADayIsGivenUpInTheLogbook) {
  config.notify = shop.path("not-there");
  const auto id = create(token("ann", {"admins"}), "210987654321");
  EXPECT_TRUE(tell_next());
  EXPECT_EQ(count("notice WHERE over_at = 0"), 1);
  query("UPDATE access_request SET created_at = 1 RETURNING id");
  pause_passes();
  EXPECT_TRUE(tell_next());
  EXPECT_EQ(count("notice WHERE over_at = 0"), 0);
  EXPECT_EQ(
      count("logbook WHERE action = 'notice.pending' AND outcome = 'failed' AND object = '" +
            id + "'"),
      1);
}

/// As one that was killed while the program ran: another one tells it.
TEST_P(NoticesTest, AClaimEndsByItself) {
  set_program("cat >told\n");
  create(token("ann", {"admins"}), "210987654321");
  std::function<Result<std::optional<Notice>>(SqlTransaction&)> claim = claim_notice;
  const auto claimed = test::run_task(io, database->run<std::optional<Notice>>(claim));
  ASSERT_TRUE(claimed && *claimed);
  EXPECT_FALSE(tell_next());
  EXPECT_GT(query("SELECT next_at FROM notice").at(0).integer(0), 0);
  pause_passes();
  EXPECT_TRUE(tell_next());
  EXPECT_FALSE(shop.read("told").empty());
}

}  // namespace
}  // namespace passport::service
