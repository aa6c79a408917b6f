// What a command line of scp's words asks for. Pure.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace passport::copy {

/// A copy between this machine and one instance.
struct CopyWish {
  std::string host{};  ///< as it was said, [user@]host
  std::vector<std::string> sources{};
  std::string target{};
  bool recursive = false;
  bool to_folder = false;  ///< the target must be a folder
  bool to_here = false;

  bool operator==(const CopyWish&) const = default;
};

/// `words`: at least two, sources and then where to. Sources of one host that follow on each
/// other are one copy. Errors: kUsage.
Result<std::vector<CopyWish>> make_wishes(const std::vector<std::string>& words,
                                          bool recursive);

}  // namespace passport::copy
