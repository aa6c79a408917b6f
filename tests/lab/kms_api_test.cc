// The lab's KMS, called as clients and agents do.
#include "lab/kms_api.h"

#include <random>

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/json.h"
#include "lab/service.h"
#include "tests/lab/signing.h"

namespace passport::lab {
namespace {

constexpr std::int64_t kNow = 1795370400;
constexpr char kId[] = "1234abcd-12ab-34cd-56ef-1234567890ab";
constexpr char kContext[] =
    R"({"aws:ssm:SessionId":"lab-1","aws:ssm:TargetId":"i-00000000000000001"})";

class KmsApi : public testing::Test {
 protected:
  KmsApi()
      : state("eu-west-1", [this](std::span<std::uint8_t> out) {
          for (auto& b : out) b = static_cast<std::uint8_t>(numbers_());
        }) {
    key.id = state.add_user_key("lab");
    key.secret = state.find_key(key.id)->secret.reveal();
    state.keys.add(kId);
    state.keys.add("alias/shells");
  }

  wire::HttpResponse call(const std::string& operation, const std::string& body,
                          const std::string& service = "kms") {
    wire::HttpRequest request{"POST",
                              "/",
                              {{"Host", "127.0.0.1:4443"},
                               {"Content-Type", "application/x-amz-json-1.1"},
                               {"X-Amz-Target", "TrentService." + operation}},
                              body};
    sign(request, key, service, "eu-west-1", kNow);
    return answer_request(state, request, kNow);
  }
  json::object ok(const std::string& operation, const std::string& body) {
    const auto answer = call(operation, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    auto parsed = parse_json_object(answer.body, "answer");
    return parsed ? *parsed : json::object{};
  }
  std::string error(const std::string& operation, const std::string& body) {
    const auto answer = call(operation, body);
    EXPECT_EQ(answer.status, 400) << answer.body;
    return find_string(*parse_json_object(answer.body, "answer"), "__type");
  }
  static std::string generate_body(const std::string& id,
                                   const std::string& context = kContext) {
    return R"({"KeyId":")" + id + R"(","NumberOfBytes":64,"EncryptionContext":)" + context +
           "}";
  }
  static std::string decrypt_body(const std::string& blob, const std::string& id = kId,
                                  const std::string& context = kContext) {
    return R"({"CiphertextBlob":")" + blob + R"(","KeyId":")" + id +
           R"(","EncryptionContext":)" + context + "}";
  }

  ServiceState state;
  TestKey key;

 private:
  std::mt19937 numbers_{1};  // NOLINT: the same in every run
};

TEST_F(KmsApi, WhatItEncryptsItDecrypts) {
  const auto arn = state.keys.arn(kId);
  EXPECT_EQ(arn, "arn:aws:kms:eu-west-1:123456789012:key/" + std::string(kId));
  for (const std::string& name : {std::string(kId), arn}) {
    const auto made = ok("GenerateDataKey", generate_body(name));
    EXPECT_EQ(find_string(made, "KeyId"), arn);
    const auto plaintext = find_string(made, "Plaintext");
    EXPECT_EQ(decode_base64(plaintext)->size(), 64U);
    const auto blob = find_string(made, "CiphertextBlob");
    EXPECT_EQ(find_string(ok("Decrypt", decrypt_body(blob)), "Plaintext"), plaintext);
  }
  for (const char* name : {"alias/shells", "arn:aws:kms:eu-west-1:123456789012:alias/shells"}) {
    const auto blob = find_string(ok("GenerateDataKey", generate_body(name)), "CiphertextBlob");
    ok("Decrypt", decrypt_body(blob, "alias/shells"));
    EXPECT_EQ(error("Decrypt", decrypt_body(blob, kId)), "IncorrectKeyException");
  }
}

TEST_F(KmsApi, TheContextMustBeTheSame) {
  const auto blob = find_string(ok("GenerateDataKey", generate_body(kId)), "CiphertextBlob");
  for (const char* other :
       {"{}", R"({"aws:ssm:SessionId":"lab-2","aws:ssm:TargetId":"i-00000000000000001"})",
        R"({"aws:ssm:SessionId":"lab-1"})",
        R"({"aws:ssm:SessionId":"lab-1","aws:ssm:TargetId":"i-00000000000000001",)"
        R"("aws:ssm:RandomChallenge":"x"})"})
    EXPECT_EQ(error("Decrypt", decrypt_body(blob, kId, other)), "InvalidCiphertextException");
  auto flipped = *decode_base64(blob);
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  EXPECT_EQ(error("Decrypt", decrypt_body(encode_base64(as_bytes(flipped)))),
            "InvalidCiphertextException");
  EXPECT_EQ(error("Decrypt", decrypt_body("")), "InvalidCiphertextException");
}

TEST_F(KmsApi, RefusesAsKmsDoes) {
  EXPECT_EQ(error("GenerateDataKey", generate_body("alias/none")), "NotFoundException");
  const auto elsewhere =
      call("GenerateDataKey", generate_body("arn:aws:kms:eu-west-2:123456789012:key/k"));
  EXPECT_NE(elsewhere.body.find("Invalid arn eu-west-2"), std::string::npos) << elsewhere.body;
  EXPECT_EQ(error("GenerateDataKey", R"({"KeyId":"alias/shells"})"), "ValidationException");
  EXPECT_EQ(error("GenerateDataKey", R"({"KeyId":"alias/shells","NumberOfBytes":0})"),
            "ValidationException");
  EXPECT_EQ(error("GenerateDataKey", generate_body(kId, R"({"a":1})")),
            "SerializationException");
  EXPECT_EQ(error("ScheduleKeyDeletion", "{}"), "UnknownOperationException");
  EXPECT_EQ(
      find_string(*parse_json_object(call("Decrypt", "{}", "ssm").body, "answer"), "__type"),
      "InvalidSignatureException");
  state.faults.deny.insert("kms:GenerateDataKey");
  EXPECT_EQ(error("GenerateDataKey", generate_body(kId)), "AccessDeniedException");
  const auto audit = state.take_audit();
  ASSERT_FALSE(audit.empty());
  EXPECT_EQ(audit.back().action, "kms:GenerateDataKey");
  EXPECT_EQ(audit.back().session, "lab-1");
  EXPECT_EQ(audit.back().result, "AccessDeniedException");
}

TEST_F(KmsApi, TheLabsAgentsDecryptForTheirSessionAlone) {
  Session session;
  session.id = "lab-1";
  session.target = "i-00000000000000001";
  session.kms_key = "alias/shells";
  const auto made = ok("GenerateDataKey", generate_body("alias/shells"));
  const auto blob = find_string(made, "CiphertextBlob");
  const auto data_key = decrypt_for_agent(state, session, {blob, ""}, kNow);
  ASSERT_TRUE(data_key);
  EXPECT_EQ(encode_base64(as_bytes(data_key->reveal())), find_string(made, "Plaintext"));
  EXPECT_FALSE(decrypt_for_agent(state, session, {blob, "challenge"}, kNow));
  EXPECT_FALSE(decrypt_for_agent(state, session, {"no base64", ""}, kNow));
  session.id = "lab-2";
  const auto other = decrypt_for_agent(state, session, {blob, ""}, kNow);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::kDenied);
}

}  // namespace
}  // namespace passport::lab
