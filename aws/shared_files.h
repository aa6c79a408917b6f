// ~/.aws/config and ~/.aws/credentials, read from disk.
#pragma once
#include <string>
#include <string_view>

#include "aws/environment.h"
#include "base/result.h"
#include "wire/aws/shared_config.h"

namespace passport::aws {

struct SharedFiles {
  std::string config_path;
  std::string credentials_path;
  wire::aws::SharedConfig config;
  wire::aws::SharedConfig credentials;

  bool has_profile(std::string_view name) const;
  /// The setting of a profile: that of the credentials file counts before that of the config
  /// file. Empty when it is absent.
  std::string find(std::string_view profile, std::string_view setting) const;
  /// "FILE, FILE": what was read, for messages.
  std::string names() const;
};

/// From AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, by default in ~/.aws. A file that is
/// not there is empty. Errors: kConfig, naming the file (and line) that cannot be used.
Result<SharedFiles> load_shared_files(const Environment& environment);

/// The whole of a file, at most `limit` bytes. Errors: kNotFound; kUnavailable with the reason;
/// kTooLarge. All name the path.
Result<std::string> load_file(const std::string& path, std::size_t limit);

}  // namespace passport::aws
