// What a check of the doctor found, and how it is told. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace passport::client {

enum class Outcome { kOk, kWarn, kFail, kSkip };

struct Finding {
  Outcome outcome = Outcome::kOk;
  std::string detail{};
  std::string remedy{};  ///< what to do; empty: nothing, or nobody knows
  int status = 0;        ///< exit status, of a failure
  std::string what{};    ///< the check's name, unless it says a better one
  std::int64_t ms = 0;   ///< how long it took
};

using Findings = std::vector<Finding>;

Finding ok(std::string detail);
Finding warn(std::string detail, std::string remedy = "");
Finding fail(const Error& error);
Finding fail(Errc code, std::string detail, std::string remedy = "");
Finding skip(std::string reason);
/// With the hint instead of the error's own, unless it has one.
Finding fail(const Error& error, std::string otherwise);

/// "ok    WHAT: DETAIL", and a line with the remedy where there is one.
std::string render_finding(const Finding& finding, bool colour);

/// {"status":N,"checks":[{"check":...,"outcome":"ok","detail":...,"remedy":...,"ms":N}]}
json::object describe_findings(const Findings& findings);

/// The exit status: of the first failure, 0 without any.
int status_of(const Findings& findings);

}  // namespace passport::client
