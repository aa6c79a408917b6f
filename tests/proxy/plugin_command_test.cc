#include "proxy/plugin_command.h"

#include <map>

#include <gtest/gtest.h>

namespace passport::proxy {
namespace {

constexpr std::string_view kResponse =
    R"({"SessionId":"ada-0123456789abcdef0","TokenValue":"secret",)"
    R"("StreamUrl":"wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/ada-0123456789abcdef0",)"
    R"("ResponseMetadata":{"HTTPStatusCode":200}})";
constexpr std::string_view kParameters =
    R"({"Target":"i-0123456789abcdef0","DocumentName":"AWS-StartPortForwardingSession",)"
    R"("Parameters":{"portNumber":["80"],"localPortNumber":["8080"]}})";

using Arguments = std::vector<std::string_view>;

Result<PluginCommand> parse(
    const Arguments& arguments,
    const std::map<std::string, std::string, std::less<>>& variables = {}) {
  return parse_plugin_command(arguments,
                              [&](std::string_view name) -> std::optional<std::string> {
                                const auto it = variables.find(name);
                                if (it == variables.end()) return std::nullopt;
                                return it->second;
                              });
}

TEST(PluginCommand, AsTheAwsCliGivesIt) {
  const auto command = parse({kResponse, "eu-west-1", "StartSession", "ops", kParameters,
                              "https://ssm.eu-west-1.amazonaws.com"});
  ASSERT_TRUE(command) << command.error().detail;
  EXPECT_EQ(command->kind, PluginCommand::Kind::kSession);
  EXPECT_EQ(command->session.session_id, "ada-0123456789abcdef0");
  EXPECT_EQ(command->session.token.reveal(), "secret");
  EXPECT_TRUE(command->session.stream_url.starts_with("wss://ssmmessages.eu-west-1."));
  EXPECT_EQ(command->variable, "");
  EXPECT_EQ(command->region, "eu-west-1");
  EXPECT_EQ(command->profile, "ops");
  EXPECT_EQ(command->endpoint_url, "https://ssm.eu-west-1.amazonaws.com");
  EXPECT_EQ(command->request.target, "i-0123456789abcdef0");
  EXPECT_EQ(command->request.document_name, "AWS-StartPortForwardingSession");
  EXPECT_EQ(command->request.parameters.at("localPortNumber"),
            std::vector<std::string>{"8080"});
}

TEST(PluginCommand, TheResponseMayBeInTheEnvironment) {
  const Arguments arguments = {
      "AWS_SSM_START_SESSION_RESPONSE_7", "eu-west-1", "StartSession", "", kParameters, ""};
  const auto command =
      parse(arguments, {{"AWS_SSM_START_SESSION_RESPONSE_7", std::string(kResponse)}});
  ASSERT_TRUE(command) << command.error().detail;
  EXPECT_EQ(command->variable, "AWS_SSM_START_SESSION_RESPONSE_7");
  EXPECT_EQ(command->session.token.reveal(), "secret");
  const auto none = parse(arguments);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::kUsage);
}

TEST(PluginCommand, OldReleasesSayLess) {
  const auto command = parse({kResponse, "eu-west-1", "StartSession"});
  ASSERT_TRUE(command) << command.error().detail;
  EXPECT_EQ(command->profile, "");
  EXPECT_EQ(command->request.target, "ada-0123456789abcdef0");  // for messages
}

TEST(PluginCommand, AnswersWhoAsksWhetherItIsThere) {
  EXPECT_EQ(parse({})->kind, PluginCommand::Kind::kGreeting);
  EXPECT_EQ(parse({"--version"})->kind, PluginCommand::Kind::kVersion);
}

TEST(PluginCommand, RefusesWhatItCannotUseAndQuotesNoToken) {
  for (const Arguments& arguments :
       {Arguments{"--help"}, Arguments{kResponse, "eu-west-1"},
        Arguments{kResponse, "eu-west-1", "ResumeSession"},
        Arguments{kResponse, "eu-west-1", "StartSession", "", "secret"},
        Arguments{kResponse, "eu-west-1", "StartSession", "", "{}"},
        Arguments{kResponse, "eu-west-1", "StartSession", "", R"({"Target":7})"},
        Arguments{kResponse, "eu-west-1", "StartSession", "",
                  R"({"Target":"i-1","Parameters":{"portNumber":"80"}})"},
        Arguments{kResponse, "eu-west-1", "StartSession", "",
                  R"({"Target":"i-1","Parameters":{"portNumber":[80]}})"}}) {
    const auto command = parse(arguments);
    ASSERT_FALSE(command) << arguments.back();
    EXPECT_EQ(command.error().code, Errc::kUsage) << arguments.back();
    EXPECT_EQ(command.error().detail.find("secret"), std::string::npos);
  }
  for (const std::string_view response :
       {"", "{}", "secret", R"({"SessionId":"ada-1","TokenValue":"secret"})",
        R"({"SessionId":"../x","TokenValue":"secret","StreamUrl":"wss://h/"})"}) {
    const auto command = parse({response, "eu-west-1", "StartSession", "", kParameters, ""});
    ASSERT_FALSE(command) << response;
    EXPECT_EQ(command.error().detail.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace passport::proxy
