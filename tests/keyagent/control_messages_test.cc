#include "keyagent/control_messages.h"

#include <gtest/gtest.h>

#include "wire/ssh/private_key.h"

namespace passport::keyagent {
namespace {

using namespace std::chrono_literals;
using Verb = ControlRequest::Verb;

ControlRequest make_add() {
  ControlRequest out;
  out.verb = Verb::kAddRequest;
  out.request.id = "req-1.A_b";
  out.request.end = Time(1790000000s);
  out.request.keys = KeyChoice::kRsa;
  out.request.certificate_command = "cat \"x\"\n'y'";
  auto key = wire::ssh::PrivateKey::from_ed25519_seed(Bytes(32, 1));
  out.request.host_keys = {key->public_key()};
  return out;
}

TEST(ControlRequest, IsReadAsItWasWritten) {
  const auto sent = make_add();
  const auto line = serialize_control_request(sent);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto got = parse_control_request(line);
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_EQ(got->verb, sent.verb);
  EXPECT_EQ(got->request.id, sent.request.id);
  EXPECT_EQ(got->request.end, sent.request.end);
  EXPECT_EQ(got->request.keys, sent.request.keys);
  EXPECT_EQ(got->request.certificate_command, sent.request.certificate_command);
  EXPECT_EQ(got->request.host_keys, sent.request.host_keys);
  for (const auto verb : {Verb::kStatus, Verb::kList, Verb::kStop}) {
    const auto plain = parse_control_request(serialize_control_request({verb, {}}));
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->verb, verb);
  }
}

TEST(ControlRequest, WhatCannotBeIsRefused) {
  for (const auto* line :
       {"", "{}", "[]", "{\"verb\":1}", "{\"verb\":\"add\"}", "{\"verb\":\"drop-request\"}",
        "{\"verb\":\"drop-request\",\"id\":\"../x\"}",
        "{\"verb\":\"drop-request\",\"id\":\"a b\"}",
        "{\"verb\":\"add-request\",\"id\":\"a\",\"keys\":\"all\"}",
        "{\"verb\":\"add-request\",\"id\":\"a\",\"keys\":\"dsa\",\"certificate_command\":"
        "\"c\"}",
        "{\"verb\":\"add-request\",\"id\":\"a\",\"keys\":\"all\",\"certificate_command\":\"c\","
        "\"host_keys\":[1]}",
        "{\"verb\":\"add-request\",\"id\":\"a\",\"keys\":\"all\",\"certificate_command\":\"c\","
        "\"host_keys\":[\"ssh-ed25519 AAAA\"]}"})
    EXPECT_FALSE(parse_control_request(line)) << line;
  auto long_id = make_add();
  long_id.request.id = std::string(65, 'a');
  EXPECT_FALSE(parse_control_request(serialize_control_request(long_id)));
  auto long_command = make_add();
  long_command.request.certificate_command = std::string(8193, 'a');
  EXPECT_FALSE(parse_control_request(serialize_control_request(long_command)));
  EXPECT_FALSE(parse_control_request(std::string(kMaxControlLine + 1, ' ')));
}

TEST(ControlAnswer, BearsErrorsWithTheirStatus) {
  const auto answer =
      parse_control_answer(serialize_control_error({Errc::kDenied, "locked", "unlock it"}));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error, "locked");
  EXPECT_EQ(answer->hint, "unlock it");
  EXPECT_EQ(answer->status, 77);
  EXPECT_TRUE(parse_control_answer("{\"requests\":[]}")->error.empty());
  for (const auto* line : {"", "no", "{\"error\":\"e\"}", "{\"error\":\"e\",\"status\":0}",
                           "{\"error\":\"e\",\"status\":256}"})
    EXPECT_FALSE(parse_control_answer(line)) << line;
}

}  // namespace
}  // namespace passport::keyagent
