#include "client/request_text.h"

#include <gtest/gtest.h>

namespace passport::client {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

json::object request(const std::string& state, std::vector<std::string> instances) {
  json::array list;
  for (const auto& is : instances)
    list.push_back({{"id", "i-0123456789abcdef" + std::to_string(list.size())}, {"state", is}});
  return {{"id", "ar-0123456789abcdef"},
          {"account", "123456789012"},
          {"region", "eu-west-1"},
          {"owner", "ann"},
          {"user", "rs-0a1b"},
          {"reason", "a disk is full"},
          {"state", state},
          {"created_at", kNow},
          {"ends_at", kNow + 3900},
          {"instances", std::move(list)}};
}

TEST(RequestText, TimeLeftIsReadAtAGlance) {
  EXPECT_EQ(render_time_left(0), "0 s");
  EXPECT_EQ(render_time_left(59), "59 s");
  EXPECT_EQ(render_time_left(60), "1 min");
  EXPECT_EQ(render_time_left(3599), "59 min");
  EXPECT_EQ(render_time_left(3600), "1 h");
  EXPECT_EQ(render_time_left(43200 - 60), "11 h 59 min");
}

TEST(RequestText, AListIsATable) {
  auto over = request("completed", {});
  over["finished_at"] = kNow;
  over["reason"] = "b";
  EXPECT_EQ(render_requests({request("active", {}), over}, {kNow, false}),
            "ID                   STATE      LEFT       OWNER  ACCOUNT       REASON\n"
            "ar-0123456789abcdef  active     1 h 5 min  ann    123456789012  a disk is full\n"
            "ar-0123456789abcdef  completed             ann    123456789012  b\n");
  EXPECT_EQ(render_requests({}, {kNow, false}), "");
}

TEST(RequestText, OneIsTold) {
  EXPECT_EQ(render_request(request("active", {"active", "failed"}), {kNow, false}),
            "request   ar-0123456789abcdef\n"
            "state     active\n"
            "left      1 h 5 min\n"
            "owner     ann\n"
            "account   123456789012 eu-west-1\n"
            "user      rs-0a1b\n"
            "reason    a disk is full\n"
            "i-0123456789abcdef0  active\n"
            "i-0123456789abcdef1  failed\n");
  auto waiting = request("pending", {"waiting"});
  waiting["approvals_needed"] = 2;
  EXPECT_NE(render_request(waiting, {kNow, false}).find("waits for 2 approvals\n"),
            std::string::npos);
  EXPECT_NE(render_request(request("active", {}), {kNow + 4000, false}).find("left      over"),
            std::string::npos);
}

/// What others wrote moves no cursor and adds no line; colour is ours alone.
TEST(RequestText, WordsOfOthersStayWords) {
  auto hostile = request("active\x1b[2J", {"failed\nroot"});
  hostile["reason"] = "a\nb\x1b]0;x\x07";
  hostile["owner"] = std::string(5000, 'x');
  for (const bool colour : {false, true}) {
    for (const auto& text : {render_request(hostile, {kNow, colour}),
                             render_requests({hostile}, {kNow, colour})}) {
      EXPECT_EQ(text.find("\x1b[2J"), std::string::npos);
      EXPECT_EQ(text.find("\x1b]"), std::string::npos);
      EXPECT_EQ(text.find("\nroot"), std::string::npos);
      EXPECT_EQ(text.find("\nb"), std::string::npos);
    }
  }
  EXPECT_NE(render_request(request("active", {}), {kNow, true}).find("\x1b[32mactive\x1b[0m"),
            std::string::npos);
  const auto narrow = render_requests({hostile}, {kNow, false, 80});
  EXPECT_LT(narrow.size(), 200U);
}

TEST(RequestText, NamesStandBesideIds) {
  auto named = request("active", {"active", "failed"});
  named["instances"].as_array()[0].as_object()["name"] = "web-1";
  named["instances"].as_array()[1].as_object()["error"] = "no agent";
  EXPECT_NE(render_request(named, {kNow, false})
                .find("i-0123456789abcdef0  active  web-1\n"
                      "i-0123456789abcdef1  failed         no agent\n"),
            std::string::npos);
}

}  // namespace
}  // namespace passport::client
