// What is said over a running lab's control socket: one line of JSON each way. Pure.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lab/fault_settings.h"

namespace passport::lab {

inline constexpr std::size_t kMaxControlLine = 256 << 10;  ///< bytes, the newline with them

/// What a client asks for.
struct FaultRequest {
  enum class Kind { kShow, kSet, kClear } kind = Kind::kShow;
  std::vector<NamedValue> values{};  ///< of kSet
};
/// {"show":true}, {"clear":true} or {"set":[["NAME","VALUE"],...]}
std::string serialize_fault_request(const FaultRequest& request);
/// Errors: kMalformed, kTooLarge.
Result<FaultRequest> parse_fault_request(std::string_view line);

/// {"faults":[["NAME","VALUE"],...]} or {"error":TEXT,"hint":TEXT,"status":EXIT STATUS}
std::string serialize_fault_answer(std::span<const NamedValue> faults);
std::string serialize_fault_error(const Error& error);
struct FaultAnswer {
  std::vector<NamedValue> faults{};
  std::optional<Error> error{};
};
/// Errors: kProtocol.
Result<FaultAnswer> parse_fault_answer(std::string_view line);

/// `now` after the request; the seed stays when all is cleared. Errors: as set_fault().
Result<LabFaults> apply_fault_request(const LabFaults& now, const FaultRequest& request);

}  // namespace passport::lab
