#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/json.h"
#include "wire/aws/credential_messages.h"
#include "wire/aws/kms_messages.h"
#include "wire/aws/role_cache.h"
#include "wire/aws/ssm_messages.h"
#include "wire/aws/sts_messages.h"
#include "wire/aws/time.h"

namespace passport::wire::aws {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_seconds;

TEST(CachedRoles, HaveTheNamesOfBotocore) {
  AssumeRoleRequest request;
  request.role_arn = "arn:aws:iam::123456789012:role/ops";
  EXPECT_EQ(role_cache_file(request), "22683b67d5bd46b0335d9327094666b8be5b5cd5.json");
  request.serial_number = "arn:aws:iam::123456789012:mfa/ada";
  request.role_session_name = "ada";
  request.external_id = "a \"b\"/\\c";
  request.duration = 3600s;
  request.token_code = Secret("123456");
  EXPECT_EQ(role_cache_file(request), "7a2c2f6cf0a5efb2db7843b346b46542e28fd56b.json");
}

TEST(Times, OfTheCachesOfTheAwsCli) {
  const sys_seconds time(1440938160s);
  EXPECT_EQ(encode_iso8601(time), "2015-08-30T12:36:00Z");
  EXPECT_EQ(decode_iso8601("2015-08-30T12:36:00UTC"), time);
  EXPECT_FALSE(decode_iso8601("2015-08-30T12:36:00CET"));
}

TEST(SsmMessages, StartSessionIsJson11) {
  const auto body = serialize_start_session({.target = "i-0123456789abcdef0",
                                             .document_name = "AWS-StartSSHSession",
                                             .parameters = {{"portNumber", {"22"}}},
                                             .reason = "say \"why\""});
  EXPECT_EQ(body, R"({"Target":"i-0123456789abcdef0","DocumentName":"AWS-StartSSHSession",)"
                  R"("Reason":"say \"why\"","Parameters":{"portNumber":["22"]}})");
  EXPECT_EQ(serialize_start_session({.target = "i-1"}), R"({"Target":"i-1"})");
  EXPECT_EQ(serialize_session_id("s-1"), R"({"SessionId":"s-1"})");
  EXPECT_EQ(serialize_describe_instances({"i-1"}, ""),
            R"({"Filters":[{"Key":"InstanceIds","Values":["i-1"]}],"MaxResults":50})");
  EXPECT_EQ(serialize_describe_instances({"i-1", "mi-2"}, "next"),
            R"({"Filters":[{"Key":"InstanceIds","Values":["i-1","mi-2"]}],"MaxResults":50,)"
            R"("NextToken":"next"})");
  const auto request = make_ssm_request("StartSession", body);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/");
  EXPECT_EQ(find_header(request.headers, "content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(find_header(request.headers, "x-amz-target"), "AmazonSSM.StartSession");
  EXPECT_EQ(request.body, body);
}

TEST(SsmMessages, ASessionNeedsAllItsParts) {
  const auto session = parse_session(
      R"({"SessionId":"dev-0a","StreamUrl":"wss://h/x","TokenValue":"t","More":1})");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->session_id, "dev-0a");
  EXPECT_EQ(session->stream_url, "wss://h/x");
  EXPECT_EQ(session->token.reveal(), "t");
  for (const auto* bad :
       {"", "[]", "{", "{}", R"({"SessionId":"a/b","StreamUrl":"u","TokenValue":"canary"})",
        R"({"SessionId":1,"StreamUrl":"u","TokenValue":"canary"})",
        R"({"SessionId":"a","StreamUrl":"u"})", R"({"SessionId":"a","TokenValue":"canary"})"}) {
    const auto broken = parse_session(bad);
    ASSERT_FALSE(broken) << bad;
    EXPECT_EQ(broken.error().code, Errc::kProtocol);
    EXPECT_EQ(broken.error().detail.find("canary"), std::string::npos);
  }
}

TEST(SsmMessages, InstanceInformation) {
  const auto page = parse_instance_information(
      R"({"InstanceInformationList":[{"InstanceId":"i-1","PingStatus":"ConnectionLost",)"
      R"("LastPingDateTime":1.7e9,"AgentVersion":"3.3.1","PlatformType":"Linux"},7,{},)"
      R"({"InstanceId":"i-2","LastPingDateTime":1700000000},)"
      R"({"InstanceId":"i-3","LastPingDateTime":1e300},{"InstanceId":"i-4","LastPingDateTime":-1},)"
      R"({"InstanceId":"mi-1","ComputerName":"h","Name":"a\nb"}],"NextToken":"n"})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next_token, "n");
  const auto* list = &page->instances;
  ASSERT_EQ(list->size(), 5U);
  EXPECT_EQ((*list)[0].platform_type, "Linux");
  EXPECT_EQ((*list)[0].name, "");
  EXPECT_EQ((*list)[4].name, "a\nb");
  EXPECT_EQ((*list)[4].computer_name, "h");
  EXPECT_EQ((*list)[0].ping_status, "ConnectionLost");
  EXPECT_EQ((*list)[0].last_ping, sys_seconds(1700000000s));
  EXPECT_EQ((*list)[0].agent_version, "3.3.1");
  EXPECT_EQ((*list)[1].last_ping, sys_seconds(1700000000s));
  EXPECT_FALSE((*list)[2].last_ping);
  EXPECT_FALSE((*list)[3].last_ping);
  const auto none = parse_instance_information(R"({"InstanceInformationList":[]})");
  EXPECT_TRUE(none->instances.empty() && none->next_token.empty());
  EXPECT_FALSE(parse_instance_information("{}"));
  EXPECT_FALSE(parse_instance_information("no"));
}

TEST(StsMessages, RequestsAreForms) {
  EXPECT_EQ(make_get_caller_identity().body, "Action=GetCallerIdentity&Version=2011-06-15");
  const auto assume = make_assume_role({.role_arn = "arn:aws:iam::1:role/r",
                                        .role_session_name = "me@x",
                                        .external_id = "a&b=c",
                                        .duration = 900s});
  EXPECT_EQ(assume.method, "POST");
  EXPECT_EQ(assume.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
            "RoleSessionName=me%40x&ExternalId=a%26b%3Dc&DurationSeconds=900");
  const auto narrowed = make_assume_role({.role_arn = "r",
                                          .role_session_name = "n",
                                          .policy = "{\"a\":1}",
                                          .tags = {{"user", "a&b"}, {"empty", ""}},
                                          .source_identity = "ada"});
  EXPECT_EQ(narrowed.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=r&RoleSessionName=n&"
            "Policy=%7B%22a%22%3A1%7D&SourceIdentity=ada&Tags.member.1.Key=empty&"
            "Tags.member.1.Value=&Tags.member.2.Key=user&Tags.member.2.Value=a%26b");
  const auto web = make_assume_role_with_web_identity(
      {.role_arn = "r", .role_session_name = "n", .web_identity_token = Secret("a.b+c")});
  EXPECT_EQ(web.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=r&RoleSessionName=n&"
            "WebIdentityToken=a.b%2Bc");
}

TEST(StsMessages, NamespacesDoNotCount) {
  for (const std::string prefix : {"", "s:"}) {
    const auto name = [&](const std::string& n) { return prefix + n; };
    const auto xml = "<?xml version=\"1.0\"?><" + name("GetCallerIdentityResponse") +
                     " xmlns=\"u\" xmlns:s=\"u\"><" + name("GetCallerIdentityResult") + "><" +
                     name("Arn") + ">arn:aws:iam::1:user/a&amp;b</" + name("Arn") + "><" +
                     name("UserId") + ">U</" + name("UserId") + "><" + name("Account") +
                     ">1</" + name("Account") + "></" + name("GetCallerIdentityResult") +
                     "></" + name("GetCallerIdentityResponse") + ">";
    const auto identity = parse_caller_identity(xml);
    ASSERT_TRUE(identity) << xml;
    EXPECT_EQ(identity->arn, "arn:aws:iam::1:user/a&b");
    EXPECT_EQ(identity->account, "1");
    EXPECT_EQ(identity->user_id, "U");
  }
}

std::string assumed(const std::string& action, const std::string& credentials) {
  return "<" + action + "Response xmlns=\"u\"><" + action + "Result><Credentials>" +
         credentials + "</Credentials></" + action + "Result></" + action + "Response>";
}

TEST(StsMessages, AssumedRoles) {
  const std::string all =
      "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
      "<SessionToken>t</SessionToken><Expiration>2015-08-30T12:36:00Z</Expiration>";
  for (const std::string action : {"AssumeRole", "AssumeRoleWithWebIdentity"}) {
    const auto key = parse_assumed_role(assumed(action, all));
    ASSERT_TRUE(key) << key.error().detail;
    EXPECT_EQ(key->key.id, "ASIA");
    EXPECT_EQ(key->key.secret.reveal(), "s");
    EXPECT_EQ(key->key.session_token.reveal(), "t");
    EXPECT_EQ(key->expires, sys_seconds(1440938160s));
  }
  for (const std::string part :
       {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}) {
    auto less = all;
    const auto from = less.find("<" + part + ">");
    less.erase(from, less.find("</" + part + ">") + part.size() + 3 - from);
    EXPECT_FALSE(parse_assumed_role(assumed("AssumeRole", less))) << part;
  }
  EXPECT_FALSE(parse_assumed_role(assumed("Other", all)));
  EXPECT_FALSE(parse_assumed_role("not xml"));
  EXPECT_FALSE(parse_assumed_role(std::string(2 << 20, ' ')));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  for (int i = 0; i < 100; ++i) deep += "</a>";
  EXPECT_FALSE(parse_assumed_role(deep));
}

TEST(CredentialMessages, OfAProcess) {
  const auto key = parse_process_credentials(
      R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t",)"
      R"("Expiration":"2015-08-30T14:36:00+02:00"})");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->key.session_token.reveal(), "t");
  EXPECT_EQ(key->expires, sys_seconds(1440938160s));
  const auto endless =
      parse_process_credentials(R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"})");
  ASSERT_TRUE(endless);
  EXPECT_FALSE(endless->expires);
  EXPECT_TRUE(endless->key.session_token.empty());

  const std::pair<const char*, const char*> bad[] = {
      {"canary", "not JSON"},
      {R"({"Version":2,"AccessKeyId":"A","SecretAccessKey":"canary"})", "Version"},
      {R"({"AccessKeyId":"A","SecretAccessKey":"canary"})", "Version"},
      {R"({"Version":1,"SecretAccessKey":"canary"})", "AccessKeyId"},
      {R"({"Version":1,"AccessKeyId":"A"})", "SecretAccessKey"},
      {R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"canary","Expiration":"soon"})",
       "soon"},
  };
  for (const auto& [text, word] : bad) {
    const auto broken = parse_process_credentials(text);
    ASSERT_FALSE(broken) << text;
    EXPECT_NE(broken.error().detail.find(word), std::string::npos) << broken.error().detail;
    EXPECT_EQ(broken.error().detail.find("canary"), std::string::npos);
  }
}

TEST(CredentialMessages, OfAMetadataService) {
  const auto key = parse_metadata_credentials(
      R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"s","Token":"t",)"
      R"("Expiration":"2015-08-30T12:36:00Z"})");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->key.session_token.reveal(), "t");
  const auto failed = parse_metadata_credentials(R"({"Code":"AssumeRoleUnauthorizedAccess"})");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().detail, "it answered \"AssumeRoleUnauthorizedAccess\"");
}

TEST(KmsMessages, GenerateDataKeyIsBoundToTheSession) {
  const auto body =
      serialize_generate_data_key("alias/k", make_session_context("s-1", "i-1", "c"));
  EXPECT_EQ(body, R"({"KeyId":"alias/k","NumberOfBytes":64,"EncryptionContext":)"
                  R"({"aws:ssm:RandomChallenge":"c","aws:ssm:SessionId":"s-1",)"
                  R"("aws:ssm:TargetId":"i-1"}})");
  EXPECT_FALSE(make_session_context("s-1", "i-1", "").contains("aws:ssm:RandomChallenge"));
  const auto request = make_kms_request("GenerateDataKey", body);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(find_header(request.headers, "x-amz-target"), "TrentService.GenerateDataKey");
}

TEST(KmsMessages, ADataKeyNeedsAllItsBytes) {
  const auto answer = [](std::size_t size, std::string_view ciphertext) {
    return R"({"Plaintext":")" + encode_base64(Bytes(size, 'k')) + R"(","CiphertextBlob":")" +
           std::string(ciphertext) + R"("})";
  };
  const auto key = parse_data_key(answer(kDataKeySize, "AQID"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->plaintext.reveal(), std::string(kDataKeySize, 'k'));
  EXPECT_EQ(key->ciphertext, "AQID");
  for (const auto& bad :
       {answer(kDataKeySize - 1, "AQID"), answer(kDataKeySize + 1, "AQID"),
        answer(kDataKeySize, ""), answer(kDataKeySize, "A"),
        answer(kDataKeySize, std::string(kMaxCiphertext + 4, 'A')), std::string("{}"),
        std::string("[]"), std::string(R"({"Plaintext":"canary!","CiphertextBlob":"AQID"})")}) {
    const auto broken = parse_data_key(bad);
    ASSERT_FALSE(broken) << bad;
    EXPECT_EQ(broken.error().code, Errc::kProtocol);
    EXPECT_EQ(broken.error().detail.find("canary"), std::string::npos);
  }
}

TEST(Time, Forms) {
  const sys_seconds time(1440938160s);
  EXPECT_EQ(encode_amz_date(time), "20150830T123600Z");
  EXPECT_EQ(encode_amz_date(sys_seconds(0s)), "19700101T000000Z");
  for (const auto* text : {"2015-08-30T12:36:00Z", "2015-08-30T12:36:00.123456Z",
                           "2015-08-30T12:36:00+00:00", "2015-08-30T10:06:00-0230"})
    EXPECT_EQ(decode_iso8601(text), time) << text;
  for (const auto* text :
       {"", "2015-08-30", "2015-08-30T12:36:00", "2015-13-30T12:36:00Z", "2015-02-29T12:36:00Z",
        "2015-08-30T24:36:00Z", "2015-08-30T12:36:00.Zx", "2015-08-30T12:36:00+2:00",
        "-015-08-30T12:36:00Z", "2015-08-30T12:36:00.5", "20150830T123600Z    "})
    EXPECT_FALSE(decode_iso8601(text)) << text;
  EXPECT_EQ(decode_http_date("Sun, 30 Aug 2015 12:36:00 GMT"), time);
  EXPECT_EQ(encode_http_date(time), "Sun, 30 Aug 2015 12:36:00 GMT");
  EXPECT_EQ(encode_http_date(sys_seconds(951782405s)), "Tue, 29 Feb 2000 00:00:05 GMT");
  for (const auto* text : {"", "Sun, 30 Aug 2015 12:36:00 UTC", "Sun, 30 Xyz 2015 12:36:00 GMT",
                           "Sunday, 30-Aug-15 12:36:00 GMT", "Sun, 31 Feb 2015 12:36:00 GMT"})
    EXPECT_FALSE(decode_http_date(text)) << text;
}

}  // namespace
}  // namespace passport::wire::aws
