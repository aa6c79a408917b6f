// passportd from its configuration to its end.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "service/config.h"

namespace passport::service {

/// Errors: kConfig: a file that cannot be read, or parse_config()'s, with the file's name.
Result<Config> load_config(const std::string& path);

/// Serves until a signal ends it: then it takes no more calls, lets those under way come to
/// their end, and leaves the rest to whoever starts next. Prints the address that it listens on
/// when it is ready.
Result<void> serve(const Config& config);

struct TokenWish {
  std::string user;
  std::vector<std::string> groups;
  std::chrono::seconds life;
};
/// Issues a token and prints it.
Result<void> print_token(const Config& config, const TokenWish& wish);

}  // namespace passport::service
