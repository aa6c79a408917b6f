#include "tests/lab/instance_fixture.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace passport::lab {

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return (std::stringstream() << file.rdbuf()).str();
}

bool readable(int fd, std::chrono::milliseconds within) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(within.count())) > 0;
}

std::string read_at_least(int fd, std::size_t wanted) {
  std::string got;
  std::vector<char> buffer(262144);
  while (got.size() < wanted && readable(fd)) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    got.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return got;
}

std::string mode_name(const ::testing::TestParamInfo<InstanceMode>& mode) {
  std::string name(to_string(mode.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

void InstanceTest::SetUp() {
  std::string pattern = ::testing::TempDir() + "passport-lab.XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  state_ = pattern;
  ASSERT_EQ(
      run_command({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key()}).exit_status, 0);
  user_ = GetParam() == InstanceMode::kCurrentUser ? ::getpwuid(::geteuid())->pw_name : "ann";
}

void InstanceTest::TearDown() {
  std::filesystem::remove_all(state_);
}

std::string InstanceTest::id(int number) const {
  return fmt::format("i-test{}x{}", ::getpid(), number);
}

std::unique_ptr<Instance> InstanceTest::start(int number) {
  InstanceSpec spec{id(number), fmt::format("host-{}", number), {}, GetParam()};
  spec.users.push_back({user_, file_text(key() + ".pub")});
  spec.users.back().sudo = true;
  if (with_namespaces()) spec.users.push_back({"plain", ""});
  auto instance = Instance::start(spec, state_);
  if (!instance) {
    why_not_ = instance.error().detail;
    return nullptr;
  }
  return std::move(*instance);
}

CommandResult InstanceTest::ssh(Instance& instance, const std::vector<std::string>& options,
                                const std::string& command) {
  auto fd = instance.connect(22);
  if (!fd) return {-1, fd.error().detail};
  std::ofstream known(state_ + "/known_hosts");
  for (const auto& host_key : instance.host_public_keys())
    known << instance.id() << " " << host_key << "\n";
  known.close();
  PortRelay relay(std::move(*fd));
  std::vector<std::string> argv{
      "ssh", "-F", "none", "-i", key(), "-p", std::to_string(relay.port())};
  for (const std::string& option :
       {std::string("BatchMode=yes"), std::string("IdentitiesOnly=yes"),
        std::string("IdentityAgent=none"), std::string("StrictHostKeyChecking=yes"),
        std::string("GlobalKnownHostsFile=/dev/null"),
        "UserKnownHostsFile=" + state_ + "/known_hosts", "HostKeyAlias=" + instance.id()}) {
    argv.insert(argv.end(), {"-o", option});
  }
  argv.insert(argv.end(), options.begin(), options.end());
  argv.insert(argv.end(), {user_ + "@127.0.0.1", command});
  return run_command(argv);
}

}  // namespace passport::lab
