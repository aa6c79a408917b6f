// The files of a lab instance in the lab's state directory.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "lab/instance_setup.h"

namespace passport::lab {

Result<std::string> read_file(const std::string& path);
Result<void> write_file(const std::string& path, std::string_view text, mode_t mode);
/// Also fine when it is there already.
Result<void> make_directory(const std::string& path);

/// The generators of the host keys that `directory` does not hold yet, running side by side.
/// RSA has 2048 bits: 3072 take a second and more on a small machine, and this is a lab.
class HostKeyMaking {
 public:
  static Result<HostKeyMaking> start(const std::string& directory);
  /// Waits for them, within 30 s in all.
  Result<void> finish();

 private:
  std::string directory_;
  std::vector<std::pair<std::string, pid_t>> running_;  // type, ssh-keygen
};

/// Private host keys from `directory`, in the order of kHostKeyTypes.
Result<std::vector<HostKey>> load_host_keys(const std::string& directory);
/// "TYPE BASE64" of each, in the same order.
Result<std::vector<std::string>> load_host_public_keys(const std::string& directory);

}  // namespace passport::lab
