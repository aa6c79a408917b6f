// How far the instances of a request are, while somebody waits for them. Pure.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "client/table.h"

namespace passport::client {

struct Progress {
  std::size_t active = 0;
  std::size_t failed = 0;
  std::size_t removed = 0;
  std::size_t all = 0;
  bool settled = false;  ///< nothing changes by itself any more
};
Progress find_progress(const json::object& request);

/// "2 of 3 instances active, 1 failed"; of one that ends: "2 of 3 users removed".
std::string describe_progress(const json::object& request);

/// A line an instance, at most `most` lines of at most style.width columns: where there are
/// more instances, those that something still happens to come first, and the last line counts
/// the rest. `waited`: seconds, shown beside what something happens to.
std::string render_progress(const json::object& request, const TextStyle& style,
                            std::size_t most, std::int64_t waited);

/// What a log is told: each instance whose state has changed since the last call.
class ProgressLog {
 public:
  std::vector<std::string> take_changes(const json::object& request);

 private:
  std::map<std::string, std::string> said_{};  ///< by instance
};

}  // namespace passport::client
