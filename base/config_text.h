// Lines of a configuration file.
#pragma once
#include <string_view>
#include <vector>

#include "base/result.h"

namespace passport {

struct ConfigLine {
  std::size_t number = 0;      ///< from 1
  std::string_view section{};  ///< what stands in the brackets of "[...]"; then there is no key
  std::string_view key{};
  std::string_view value{};  ///< may be empty
};

/// Lines "key = value" and "[section]"; blank ones and those that begin with '#' say nothing.
/// Views of `text`. Errors: kConfig: "line N: ...".
Result<std::vector<ConfigLine>> parse_config_text(std::string_view text);

}  // namespace passport
