#include "aws/credential_process.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/aws/fake_world.h"

namespace passport::aws {
namespace {

using Words = std::vector<std::string>;

TEST(SplitCommand, AsTheAwsCli) {
  const std::pair<const char*, Words> good[] = {
      {"a b  c", {"a", "b", "c"}},
      {"  /opt/x --flag=1\t", {"/opt/x", "--flag=1"}},
      {"\"a b\" 'c d'", {"a b", "c d"}},
      {"a\"b c\"d'e f'", {"ab cde f"}},
      {"a '' \"\"", {"a", "", ""}},
      {R"(a\ b \'c\")", {"a b", "'c\""}},
      {R"("a\"b\\c\d")", {"a\"b\\c\\d"}},
      {R"('a\b')", {"a\\b"}},
      {"a # b; c | d $HOME `e`", {"a", "#", "b;", "c", "|", "d", "$HOME", "`e`"}},
      {"one\ntwo", {"one", "two"}},
  };
  for (const auto& [text, words] : good) EXPECT_EQ(split_command(text).value(), words) << text;
  for (const auto* bad : {"", "  ", "'a", "\"a", "a\\", "\"a\\\""}) {
    const auto words = split_command(bad);
    ASSERT_FALSE(words) << bad;
    EXPECT_EQ(words.error().code, Errc::kConfig);
  }
}

class CredentialProcess : public ::testing::Test {
 protected:
  Result<wire::aws::IssuedKey> run(const std::string& script, net::Deadline deadline = soon()) {
    const auto path = world_.write("process.sh", script).string();
    return world_.run(run_credential_process("/bin/sh " + path + " 'an argument'", deadline));
  }
  void expect_fault(const std::string& script, Errc code, std::string_view words,
                    net::Deadline deadline = soon()) {
    const auto key = run(script, deadline);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, code) << key.error().detail;
    EXPECT_NE(key.error().detail.find(words), std::string::npos) << key.error().detail;
    expect_no_secret(key.error());
  }
  FakeWorld world_;
};

TEST_F(CredentialProcess, GivesAKey) {
  const auto key =
      run("test \"$1\" = 'an argument' || exit 9\n"
          "test -z \"$(cat)\" || exit 8\n"
          "echo '{\"Version\":1,\"AccessKeyId\":\"AKIA\",\"SecretAccessKey\":\"s\",'\n"
          "echo '\"SessionToken\":\"t\",\"Expiration\":\"2015-08-30T13:36:00Z\"}'\n");
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->key.id, "AKIA");
  EXPECT_EQ(key->key.session_token.reveal(), "t");
  EXPECT_EQ(key->expires, world_.now + std::chrono::hours(1));
}

TEST_F(CredentialProcess, SaysWhyThereIsNone) {
  expect_fault("echo canary; exit 3\n", Errc::kUnavailable, "it exited with status 3");
  expect_fault("echo canary; kill -TERM $$\n", Errc::kUnavailable, "ended by signal 15");
  expect_fault("echo canary\n", Errc::kConfig, "its output: not JSON");
  expect_fault("", Errc::kConfig, "not JSON");
  expect_fault("echo '{\"Version\":2,\"SecretAccessKey\":\"canary\"}'\n", Errc::kConfig,
               "its Version is not 1");
  expect_fault("head -c 70000 /dev/zero\n", Errc::kTooLarge, "64 KiB");
}

TEST_F(CredentialProcess, ThatCannotBeRunIsNamed) {
  const auto key =
      world_.run(run_credential_process("/nonexistent/helper --token canary", soon()));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::kConfig);
  EXPECT_EQ(key.error().detail,
            "\"/nonexistent/helper\" cannot be run: No such file or directory");
}

TEST_F(CredentialProcess, IsEndedAtTheDeadline) {
  const auto fifo = (world_.home / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto at_once = [] { return net::deadline_in(std::chrono::milliseconds(50)); };
  expect_fault("exec cat " + fifo + "\n", Errc::kTimeout, "did not end in time", at_once());
  expect_fault("exec cat " + fifo + " >/dev/null\n", Errc::kTimeout, "did not end in time",
               at_once());
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

}  // namespace
}  // namespace passport::aws
