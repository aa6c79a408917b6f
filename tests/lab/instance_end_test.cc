// How instances end, whoever dies first, and how a mode is chosen.
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "lab/instance_spawn.h"
#include "tests/lab/instance_fixture.h"

namespace passport::lab {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

/// Command lines of all processes that mention `text`, this one's own aside.
std::vector<std::string> processes_with(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (name == std::to_string(::getpid())) continue;
    std::string line = file_text(entry.path() / "cmdline");
    if (line.find(text) != std::string::npos) found.push_back(fmt::format("{} {}", name, line));
  }
  return found;
}

class InstanceEndTest : public InstanceTest {};

TEST_P(InstanceEndTest, LeavesNothingAndKeepsItsHostKeys) {
  START_OR_SKIP(one, 1);
  const auto keys = one->host_public_keys();
  const pid_t init = one->pid();
  EXPECT_FALSE(processes_with(id(1)).empty());
  EXPECT_TRUE(fs::exists(fmt::format("/proc/{}", init)));
  auto session = one->connect(22);
  ASSERT_TRUE(session);
  EXPECT_EQ(read_at_least(session->get(), 4).substr(0, 4), "SSH-");
  one.reset();
  EXPECT_EQ(processes_with(id(1)), std::vector<std::string>());
  EXPECT_FALSE(fs::exists(fmt::format("/proc/{}", init)));
  EXPECT_EQ(file_text("/proc/self/mounts").find(id(1)), std::string::npos);
  EXPECT_FALSE(fs::exists(state_ + "/" + id(1) + "/root"));
  START_OR_SKIP(again, 1);
  EXPECT_EQ(again->host_public_keys(), keys);
}

// The owner is killed without a chance to clean up: everything must end all the same.
TEST_P(InstanceEndTest, EndsWithAnOwnerThatIsKilled) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd told(ends[0]);
  Fd telling(ends[1]);
  const pid_t owner = ::fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    auto instance = start(1);
    const pid_t init = instance ? instance->pid() : 0;
    if (instance && with_namespaces()) {
      const auto left = instance->run("setsid sleep 1000 >/dev/null 2>&1 &", seconds(10));
      if (!left) ::_exit(1);
    }
    if (::write(telling.get(), &init, sizeof init) != sizeof init) ::_exit(1);
    ::pause();
  }
  telling.reset();
  pid_t init = 0;
  const bool heard = readable(told.get(), seconds(60)) &&
                     ::read(told.get(), &init, sizeof init) == sizeof init;
  const Fd watch = init > 0 ? open_pidfd(init) : Fd();
  ::kill(owner, SIGKILL);
  EXPECT_EQ(wait_for_child(owner, seconds(10)), 128 + SIGKILL);
  ASSERT_TRUE(heard);
  if (init == 0) GTEST_SKIP() << to_string(GetParam()) << " does not work here";
  EXPECT_TRUE(readable(watch.get())) << "the instance's init lives on";
  for (const std::string& process : processes_with(id(1))) {
    const Fd rest = open_pidfd(static_cast<pid_t>(std::stol(process)));
    EXPECT_TRUE(!rest || readable(rest.get())) << process;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, InstanceEndTest, kEveryMode, mode_name);

TEST(Instance, TakesTheFirstModeThatWorksAndSaysWhatWasPassedOver) {
  std::string pattern = ::testing::TempDir() + "passport-lab.XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  {
    auto instance = Instance::start(
        {fmt::format("i-test{}any", ::getpid()), "any", {}, std::nullopt}, pattern);
    ASSERT_TRUE(instance) << instance.error().detail;
    RecordProperty("mode", std::string(to_string((*instance)->mode())));
    RecordProperty("passed_over", (*instance)->passed_over());
    const bool best = (*instance)->mode() == (::geteuid() == 0 ? InstanceMode::kRootNamespaces
                                                               : InstanceMode::kUserNamespaces);
    EXPECT_EQ(best, (*instance)->passed_over().empty()) << (*instance)->passed_over();
    EXPECT_EQ(read_at_least((*instance)->connect(22)->get(), 4).substr(0, 4), "SSH-");
  }
  fs::remove_all(pattern);
}

TEST(Instance, RefusesBadNamesAndMissingPlaces) {
  const auto bad = Instance::start({"../x", "host", {}, std::nullopt}, ::testing::TempDir());
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Errc::kUsage);
  EXPECT_FALSE(Instance::start({"i-x", "host", {}, std::nullopt},
                               ::testing::TempDir() + "absent/absent"));
}

}  // namespace
}  // namespace passport::lab
