#include "lab/instance.h"

#include <map>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>

#include "lab/port_server.h"
#include "tests/lab/instance_fixture.h"

namespace passport::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_P(InstanceTest, SshLogsInWithAnyOfTheHostKeys) {
  START_OR_SKIP(one, 1);
  EXPECT_EQ(one->mode(), GetParam());
  ASSERT_EQ(one->host_public_keys().size(), 3U);
  for (const char* algorithm : {"ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"}) {
    const auto result =
        ssh(*one, {"-o", std::string("HostKeyAlgorithms=") + algorithm}, "id -un; exit 42");
    EXPECT_EQ(result.exit_status, 42) << algorithm << "\n" << file_text(one->log_path());
    EXPECT_EQ(result.standard_output, user_ + "\n");
  }
  // The machine's own /dev/pts may not let an ordinary user's sshd give a terminal away.
  if (with_namespaces()) {
    const auto terminal = ssh(*one, {"-tt"}, "stty size >/dev/null && tty");
    EXPECT_EQ(terminal.standard_output.substr(0, 9), "/dev/pts/") << file_text(one->log_path());
  }
  EXPECT_EQ(
      ssh(*one, {"-i", "/dev/null", "-o", "IdentityFile=none", "-o", "PubkeyAuthentication=no"},
          "id")
          .exit_status,
      255);
}

TEST_P(InstanceTest, UsersMadeOnOneExistNowhereElse) {
  if (!with_namespaces()) GTEST_SKIP() << "no users of its own";
  START_OR_SKIP(one, 1);
  START_OR_SKIP(two, 2);
  const auto made =
      one->run("useradd -m rs-visitor && id -un rs-visitor && hostname", seconds(10));
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->standard_output, "rs-visitor\nhost-1\n") << made->standard_error;
  const auto absent = two->run("id rs-visitor; ls /home; hostname", seconds(10));
  ASSERT_TRUE(absent);
  EXPECT_EQ(absent->standard_output, "ann\nplain\nhost-2\n");
  EXPECT_EQ(::getpwnam("rs-visitor"), nullptr);
  EXPECT_NE(one->host_public_keys(), two->host_public_keys());
  const auto removed =
      one->run("userdel -r rs-visitor && ! id rs-visitor 2>/dev/null", seconds(10));
  EXPECT_EQ(removed->exit_status, 0) << removed->standard_error;
}

TEST_P(InstanceTest, HasTheUserlandOfALinuxServer) {
  if (!with_namespaces()) GTEST_SKIP() << "no userland of its own";
  START_OR_SKIP(one, 1);
  const auto tools = one->run(
      "set -e; bash -c 'echo ${BASH_VERSION%%.*} >/dev/null'; test -x "
      "/usr/lib/openssh/sftp-server; awk 1 /dev/null\n"
      "echo x >/tmp/x; echo x >/dev/null; test -c /dev/tty; test -d /dev/shm; test -r "
      "/etc/ssl/certs\n"
      "sshd -T >/dev/null; ps -e >/dev/null 2>&1 || ls /proc/1 >/dev/null\n"
      "getent hosts localhost >/dev/null; getent passwd nobody; id -u; "
      "for t in python3 rsync git; do if command -v $t >/dev/null; then $t --version "
      ">/dev/null; fi; done",
      seconds(20));
  ASSERT_TRUE(tools);
  EXPECT_EQ(tools->exit_status, 0) << tools->standard_error;
  EXPECT_EQ(tools->standard_output,
            "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n0\n");
  const auto apart = one->run(
      "touch /usr/x 2>/dev/null && echo usr; ls /machine /boot 2>/dev/null; "
      "echo 1 2>/dev/null >/proc/sys/kernel/panic && echo sysctl; "
      "mount -t tmpfs none /mnt 2>/dev/null && echo mount; :",
      seconds(10));
  EXPECT_EQ(apart->standard_output, "") << "the machine shows";
}

TEST_P(InstanceTest, SudoIsForThoseWhoHaveIt) {
  if (!with_namespaces()) GTEST_SKIP() << "no users of its own";
  START_OR_SKIP(one, 1);
  if (one->run("command -v sudo", seconds(10))->exit_status != 0) {
    GTEST_SKIP() << "sudo is not installed";
  }
  const auto result = ssh(*one, {}, "sudo -n id -u");
  EXPECT_EQ(result.standard_output, "0\n");
  const auto plain = one->run("su plain -c 'sudo -n id -u'", seconds(10));
  ASSERT_TRUE(plain);
  EXPECT_NE(plain->exit_status, 0);
  EXPECT_EQ(plain->standard_output, "");
}

TEST_P(InstanceTest, RunTellsStatusOutputAndLimits) {
  START_OR_SKIP(one, 1);
  const auto result = one->run("echo out; echo err >&2; exit 7", seconds(10));
  if (!with_namespaces()) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::kDenied);
    return;
  }
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_status, 7);
  EXPECT_EQ(result->standard_output, "out\n");
  EXPECT_EQ(result->standard_error, "err\n");
  EXPECT_FALSE(result->timed_out || result->truncated);

  const auto slow = one->run("echo before; sleep 60", milliseconds(100));
  ASSERT_TRUE(slow);
  EXPECT_TRUE(slow->timed_out);
  EXPECT_EQ(slow->exit_status, 128 + SIGKILL);
  EXPECT_EQ(slow->standard_output, "before\n");

  const auto loud = one->run("head -c 1000000 /dev/zero; echo end >&2", seconds(10));
  ASSERT_TRUE(loud);
  EXPECT_TRUE(loud->truncated);
  EXPECT_EQ(loud->exit_status, 0);
  EXPECT_EQ(loud->standard_output.size(), kMaxRunOutput);
  EXPECT_EQ(loud->standard_error, "end\n");

  const auto background = one->run("sleep 60 & echo started", seconds(10));
  ASSERT_TRUE(background) << "a background process holds the answer up";
  EXPECT_EQ(background->standard_output, "started\n");

  EXPECT_EQ(one->run(std::string(kMaxScript + 1, '#'), seconds(1)).error().code,
            Errc::kTooLarge);
  EXPECT_EQ(one->run(std::string(kMaxScript, '#'), seconds(10))->exit_status, 0);
}

TEST_P(InstanceTest, AnswersAreMatchedById) {
  START_OR_SKIP(one, 1);
  std::map<std::uint32_t, unsigned short> asked;
  for (int i = 0; i < 10; ++i) {
    for (const unsigned short port : std::initializer_list<unsigned short>{7, 22, 4444}) {
      const auto request = one->request_connect(port);
      ASSERT_TRUE(request);
      EXPECT_TRUE(asked.emplace(*request, port).second);
    }
  }
  ASSERT_TRUE(one->connect(9)) << "a blocking call between";
  while (!asked.empty()) {
    auto answer = one->read_answer();
    ASSERT_TRUE(answer);
    if (!*answer) {
      ASSERT_TRUE(readable(one->control_fd()));
      continue;
    }
    ASSERT_TRUE(asked.count((*answer)->id));
    const unsigned short port = asked[(*answer)->id];
    EXPECT_EQ((*answer)->error, port == 4444 ? ECONNREFUSED : 0) << port;
    EXPECT_EQ(static_cast<bool>((*answer)->fd), port != 4444);
    if (port == 22) {
      EXPECT_EQ(read_at_least((*answer)->fd.get(), 4).substr(0, 4), "SSH-");
    }
    asked.erase((*answer)->id);
  }
}

TEST_P(InstanceTest, ServesEchoDiscardAndSource) {
  START_OR_SKIP(one, 1);
  auto echo = one->connect(7);
  ASSERT_TRUE(echo);
  ASSERT_EQ(::send(echo->get(), "hello", 5, MSG_NOSIGNAL), 5);
  EXPECT_EQ(read_at_least(echo->get(), 5), "hello");

  auto source = one->connect(19);
  ASSERT_TRUE(source);
  const std::string got = read_at_least(source->get(), 3 * kSourcePeriod + 5);
  ASSERT_GE(got.size(), 3 * kSourcePeriod + 5);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(static_cast<std::uint8_t>(got[i]), source_byte(i)) << i;
  }

  auto discard = one->connect(9);
  ASSERT_TRUE(discard);
  ::fcntl(discard->get(), F_SETFL, 0);
  const std::vector<char> block(1 << 20, 'x');
  for (int i = 0; i < 32; ++i) {
    for (std::size_t done = 0; done < block.size();) {
      const ssize_t n =
          ::send(discard->get(), block.data() + done, block.size() - done, MSG_NOSIGNAL);
      ASSERT_GT(n, 0);
      done += static_cast<std::size_t>(n);
    }
  }
  ASSERT_EQ(::shutdown(discard->get(), SHUT_WR), 0);
  EXPECT_EQ(read_at_least(discard->get(), 1), "") << "discard answers with its end only";

  const auto refused = one->connect(4444);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnavailable);
  EXPECT_NE(refused.error().detail.find("port 4444: connection refused"), std::string::npos);
}

TEST_P(InstanceTest, SuspendedSshdHangsBeforeTheBanner) {
  START_OR_SKIP(one, 1);
  auto before = one->connect(22);
  ASSERT_TRUE(before);
  EXPECT_EQ(read_at_least(before->get(), 4).substr(0, 4), "SSH-");
  ASSERT_TRUE(one->suspend_sshd());
  ASSERT_EQ(::send(before->get(), "x\r\n", 3, MSG_NOSIGNAL), 3);
  EXPECT_FALSE(readable(before->get(), milliseconds(50))) << "a session goes on";
  auto fd = one->connect(22);
  ASSERT_TRUE(fd);
  EXPECT_FALSE(readable(fd->get(), milliseconds(50)));
  ASSERT_TRUE(one->resume_sshd());
  EXPECT_EQ(read_at_least(fd->get(), 4).substr(0, 4), "SSH-");
  EXPECT_TRUE(readable(before->get(), milliseconds(5000)));
}

TEST_P(InstanceTest, ManyConnectionsAtOnce) {
  START_OR_SKIP(one, 1);
  std::vector<Fd> echoes;
  for (std::size_t i = 0; i < kMaxServed; ++i) {
    auto fd = one->connect(7);
    ASSERT_TRUE(fd) << i << " " << fd.error().detail;
    echoes.push_back(std::move(*fd));
  }
  for (const Fd& fd : echoes) ASSERT_EQ(::send(fd.get(), "x", 1, MSG_NOSIGNAL), 1);
  for (const Fd& fd : echoes) EXPECT_EQ(read_at_least(fd.get(), 1), "x");
}

INSTANTIATE_TEST_SUITE_P(Modes, InstanceTest, kEveryMode, mode_name);

}  // namespace
}  // namespace passport::lab
