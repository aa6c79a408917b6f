// The forms that the values of faults have: text to value (parse_) and back (render_). Pure.
// Errors: kUsage, in words that follow on the setting's name and the value.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "lab/faults.h"
#include "lab/iam_policy.h"

namespace passport::lab {

Result<void> parse_unsigned(std::string_view text, std::uint64_t high, std::uint64_t& into);
Result<void> parse_signed(std::string_view text, std::int64_t most, std::int64_t& into);
Result<void> parse_rate(std::string_view text, double& into);
Result<void> parse_percent(std::string_view text, double& into);  ///< into: from 0 to 1
Result<void> parse_ms(std::string_view text, std::chrono::milliseconds& into);
Result<void> parse_delay(std::string_view text, PathFaults& path);  ///< MS or MS-MS
Result<void> parse_switch(std::string_view text, bool& into);       ///< on, off
Result<void> parse_words(std::string_view text, std::string& into);
Result<void> parse_list(std::string_view text, std::set<std::string>& into);
Result<void> parse_ids(std::string_view text, std::set<std::string>& into);
Result<void> parse_cut(std::string_view text, std::optional<std::uint64_t>& into);
Result<void> parse_times(std::string_view text, unsigned& into);  ///< N, always
Result<void> parse_refusal(std::string_view text, LabFaults& into);
Result<void> parse_close_code(std::string_view text, unsigned& into);
/// PRINCIPAL:DOCUMENT; without a document the principal's policy is taken away. Also
/// kMalformed.
Result<void> parse_policy(std::string_view text, IamPolicy::Form form,
                          std::map<std::string, std::string>& into);

std::string render_rate(double rate);
std::string render_percent(double share);
std::string render_delay(const PathFaults& path);
std::string render_switch(bool on);
std::string render_list(const std::set<std::string>& items);
std::string render_cut(const std::optional<std::uint64_t>& at);
std::string render_times(unsigned times);
std::string render_refusal(const LabFaults& faults);
/// The principals alone.
std::string render_policies(const std::map<std::string, std::string>& policies);

}  // namespace passport::lab
