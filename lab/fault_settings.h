// The names of the lab's faults: NAME=VALUE to LabFaults and back. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/faults.h"

namespace passport::lab {

/// One name, as options of `up` and as words of `fault` have it.
struct FaultSetting {
  std::string_view name;
  std::string_view value;  ///< its form, for people
  std::string_view help;
  /// Errors: kUsage in words that follow on the name and the value.
  Result<void> (*parse)(LabFaults& faults, std::string_view value);
  std::string (*render)(const LabFaults& faults);  ///< in the form that parse() takes
  bool once = false;  ///< acts on what is up when it is set, so it makes no sense for `up`
};

std::span<const FaultSetting> fault_settings();
const FaultSetting* find_fault_setting(std::string_view name);

/// Applies one setting; an empty value means the default. Errors: kUsage, in one line.
Result<void> set_fault(LabFaults& faults, std::string_view name, std::string_view value);

struct NamedValue {
  std::string name;
  std::string value;
};
/// The settings that are not at their default, the seed first of all.
std::vector<NamedValue> list_faults(const LabFaults& faults);

/// "NAME=VALUE". Errors: kUsage when there is no '='.
Result<NamedValue> parse_assignment(std::string_view text);

}  // namespace passport::lab
