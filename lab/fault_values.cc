#include "lab/fault_values.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "wire/aws/identifiers.h"

namespace passport::lab {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxShown = 100;  // of a value, in an error
constexpr std::int64_t kMaxMs = 24LL * 3600 * 1000;
constexpr std::uint64_t kMaxCut = 1ULL << 40;
constexpr double kMaxRate = 100000;
constexpr unsigned kMaxTimes = 1000000;
constexpr std::size_t kMaxWords = 123;  // RFC 6455 section 5.5: what a close frame can hold

Error usage(std::string detail) {
  return {Errc::kUsage, std::move(detail)};
}

template <class Number>
Result<Number> parse_number(std::string_view text, Number low, Number high) {
  Number out{};
  const auto* end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, out);
  if (r.ec != std::errc() || r.ptr != end || !(out >= low && out <= high)) {
    return usage(fmt::format("want a number from {} to {}", low, high));
  }
  return out;
}

template <class Number>
Result<void> parse_into(std::string_view text, Number low, Number high, Number& into) {
  const auto n = parse_number(text, low, high);
  if (!n) return n.error();
  into = *n;
  return {};
}

}  // namespace

Result<void> parse_unsigned(std::string_view text, std::uint64_t high, std::uint64_t& into) {
  return parse_into<std::uint64_t>(text, 0, high, into);
}

Result<void> parse_signed(std::string_view text, std::int64_t most, std::int64_t& into) {
  return parse_into(text, -most, most, into);
}

Result<void> parse_rate(std::string_view text, double& into) {
  return parse_into(text, 0.0, kMaxRate, into);
}

Result<void> parse_percent(std::string_view text, double& into) {
  double percent = 0;
  if (auto parsed = parse_into(text, 0.0, 100.0, percent); !parsed) return parsed;
  into = percent / 100;
  return {};
}

Result<void> parse_ms(std::string_view text, milliseconds& into) {
  std::int64_t ms = 0;
  if (auto parsed = parse_into<std::int64_t>(text, 0, kMaxMs, ms); !parsed) return parsed;
  into = milliseconds(ms);
  return {};
}

Result<void> parse_delay(std::string_view text, PathFaults& path) {
  const auto dash = text.find('-');
  const auto low = parse_number<std::int64_t>(text.substr(0, dash), 0, kMaxMs);
  if (!low) return low.error();
  auto high = low;
  if (dash != std::string_view::npos) high = parse_number(text.substr(dash + 1), *low, kMaxMs);
  if (!high) return high.error();
  path.delay_min = milliseconds(*low);
  path.delay_max = milliseconds(*high);
  return {};
}

Result<void> parse_switch(std::string_view text, bool& into) {
  if (text != "on" && text != "off") return usage("want on or off");
  into = text == "on";
  return {};
}

Result<void> parse_words(std::string_view text, std::string& into) {
  if (text.size() > kMaxWords) return usage(fmt::format("want at most {} bytes", kMaxWords));
  into = text;
  return {};
}

Result<void> parse_list(std::string_view text, std::set<std::string>& into) {
  into.clear();
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    if (end > 0) into.emplace(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return {};
}

Result<void> parse_ids(std::string_view text, std::set<std::string>& into) {
  if (auto parsed = parse_list(text, into); !parsed) return parsed;
  for (const auto& id : into) {
    if (!wire::aws::is_instance_id(id)) {
      return usage(fmt::format("\"{}\" is not an instance id (i-... or mi-...)",
                               escape_for_terminal(id, kMaxShown)));
    }
  }
  return {};
}

Result<void> parse_cut(std::string_view text, std::optional<std::uint64_t>& into) {
  if (text == "off") {
    into.reset();
    return {};
  }
  const auto n = parse_number<std::uint64_t>(text, 0, kMaxCut);
  if (!n) return usage("want off or a number of bytes");
  into = *n;
  return {};
}

Result<void> parse_times(std::string_view text, unsigned& into) {
  if (text == "always") {
    into = LabFaults::kAlways;
    return {};
  }
  const auto n = parse_number<unsigned>(text, 0, kMaxTimes);
  if (!n) return usage("want always or how often");
  into = *n;
  return {};
}

Result<void> parse_refusal(std::string_view text, LabFaults& into) {
  const auto colon = text.find(':');
  const auto kind = text.substr(0, colon);
  if (kind == "denied") {
    into.resume_refusal = ResumeRefusal::kDenied;
  } else if (kind == "expired") {
    into.resume_refusal = ResumeRefusal::kExpired;
  } else if (kind == "gone") {
    into.resume_refusal = ResumeRefusal::kGone;
  } else if (text == "off") {
    into.resume_refusal = ResumeRefusal::kNone;
  } else {
    return usage("want denied, expired or gone, with :TIMES or without, or off");
  }
  into.resume_refusals = LabFaults::kAlways;
  if (colon == std::string_view::npos) return {};
  return parse_times(text.substr(colon + 1), into.resume_refusals);
}

Result<void> parse_close_code(std::string_view text, unsigned& into) {
  const auto code = parse_number(text, 1000U, 4999U);
  if (!code) return code.error();
  if (*code == 1005 || *code == 1015) return usage("no close frame can bear that code");
  into = *code;
  return {};
}

Result<void> parse_policy(std::string_view text, IamPolicy::Form form,
                          std::map<std::string, std::string>& into) {
  if (text.empty()) {
    into.clear();
    return {};
  }
  const auto colon = text.ends_with(':') ? text.size() - 1 : text.find(":{");
  if (colon == std::string_view::npos) return usage("want PRINCIPAL:DOCUMENT");
  const auto arn = make_principal_arn(text.substr(0, colon));
  if (!arn) return arn.error();
  const auto document = text.substr(colon + 1);
  if (document.empty()) {
    into.erase(*arn);
    return {};
  }
  if (const auto policy = IamPolicy::parse(document, form); !policy) return policy.error();
  into[*arn] = document;
  return {};
}

std::string render_rate(double rate) {
  return fmt::format("{:.6g}", rate);
}

std::string render_percent(double share) {
  return render_rate(share * 100);
}

std::string render_delay(const PathFaults& path) {
  const auto low = path.delay_min.count();
  const auto high = path.delay_max.count();
  return low == high ? fmt::format("{}", low) : fmt::format("{}-{}", low, high);
}

std::string render_switch(bool on) {
  return on ? "on" : "off";
}

std::string render_list(const std::set<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ","));
}

std::string render_cut(const std::optional<std::uint64_t>& at) {
  return at ? std::to_string(*at) : "off";
}

std::string render_times(unsigned times) {
  return times == LabFaults::kAlways ? "always" : std::to_string(times);
}

std::string render_refusal(const LabFaults& faults) {
  const char* kind = "off";
  if (faults.resume_refusal == ResumeRefusal::kDenied) kind = "denied";
  if (faults.resume_refusal == ResumeRefusal::kExpired) kind = "expired";
  if (faults.resume_refusal == ResumeRefusal::kGone) kind = "gone";
  if (faults.resume_refusal == ResumeRefusal::kNone) return kind;
  if (faults.resume_refusals == LabFaults::kAlways) return kind;
  return fmt::format("{}:{}", kind, faults.resume_refusals);
}

std::string render_policies(const std::map<std::string, std::string>& policies) {
  std::vector<std::string_view> principals;
  for (const auto& [arn, document] : policies) principals.push_back(arn);
  return fmt::format("{}", fmt::join(principals, ","));
}

}  // namespace passport::lab
