// How messages name the instances of a call.
#pragma once
#include <string>
#include <vector>

namespace passport::aws {

/// The id of the one, or how many there are.
inline std::string name_targets(const std::vector<std::string>& instance_ids) {
  return instance_ids.size() == 1 ? instance_ids.front()
                                  : std::to_string(instance_ids.size()) + " instances";
}

}  // namespace passport::aws
