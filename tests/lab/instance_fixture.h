// The fixture of the instance tests: one state directory, instances in the mode of the test's
// parameter.
#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lab/instance.h"
#include "tests/lab/instance_relay.h"

namespace passport::lab {

std::string file_text(const std::filesystem::path& path);

/// Waits for bytes or the end; false when neither came.
bool readable(int fd, std::chrono::milliseconds within = std::chrono::seconds(10));

/// What the socket gives until `wanted` bytes are there, or its end, or 10 s of silence.
std::string read_at_least(int fd, std::size_t wanted);

std::string mode_name(const ::testing::TestParamInfo<InstanceMode>& mode);
inline const auto kEveryMode =
    ::testing::Values(InstanceMode::kRootNamespaces, InstanceMode::kUserNamespaces,
                      InstanceMode::kUserSharedNetwork, InstanceMode::kCurrentUser);

class InstanceTest : public ::testing::TestWithParam<InstanceMode> {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string key() const { return state_ + "/key"; }
  bool with_namespaces() const { return GetParam() != InstanceMode::kCurrentUser; }

  /// Unique to this process and number, so that its processes can be told from others'.
  std::string id(int number) const;

  /// With the users user_, who has sudo, and "plain". Null, and why_not_, where the mode does
  /// not work.
  std::unique_ptr<Instance> start(int number);

  /// Runs a command as user_, over a descriptor of the instance, its host keys checked.
  CommandResult ssh(Instance& instance, const std::vector<std::string>& options,
                    const std::string& command);

  std::string state_;
  std::string user_;
  std::string why_not_;
};

#define START_OR_SKIP(name, number)                                                \
  auto name = start(number); /* NOLINT(bugprone-macro-parentheses): declares it */ \
  if (!(name)) GTEST_SKIP() << to_string(GetParam()) << " does not work here: " << why_not_

}  // namespace passport::lab
