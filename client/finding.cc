#include "client/finding.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/exit_code.h"
#include "base/text.h"

namespace passport::client {
namespace {

struct Look {
  const char* mark;
  const char* name;  ///< in JSON
  const char* colour;
};

Look look_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return {"ok  ", "ok", "32"};
    case Outcome::kWarn:
      return {"warn", "warn", "33"};
    case Outcome::kFail:
      return {"FAIL", "fail", "1;31"};
    case Outcome::kSkip:
      break;
  }
  return {"skip", "skip", "2"};
}

}  // namespace

Finding ok(std::string detail) {
  return {Outcome::kOk, std::move(detail)};
}

Finding warn(std::string detail, std::string remedy) {
  return {Outcome::kWarn, std::move(detail), std::move(remedy)};
}

Finding fail(const Error& error) {
  return fail(error.code, error.detail, error.hint);
}

Finding fail(Errc code, std::string detail, std::string remedy) {
  return {Outcome::kFail, std::move(detail), std::move(remedy), exit_code(code)};
}

Finding skip(std::string reason) {
  return {Outcome::kSkip, std::move(reason)};
}

Finding fail(const Error& error, std::string otherwise) {
  return fail(error.code, error.detail, error.hint.empty() ? std::move(otherwise) : error.hint);
}

std::string render_finding(const Finding& finding, bool colour) {
  const auto look = look_of(finding.outcome);
  const auto mark =
      colour ? fmt::format("\x1b[{}m{}\x1b[0m", look.colour, look.mark) : look.mark;
  auto out = fmt::format("{}  {}: {}\n", mark, escape_for_terminal(finding.what),
                         escape_for_terminal(finding.detail));
  if (!finding.remedy.empty())
    out += fmt::format("      {}\n", escape_for_terminal(finding.remedy));
  return out;
}

json::object describe_findings(const Findings& findings) {
  json::array checks;
  for (const auto& finding : findings) {
    json::object check{{"check", finding.what},
                       {"outcome", look_of(finding.outcome).name},
                       {"detail", finding.detail}};
    if (!finding.remedy.empty()) check["remedy"] = finding.remedy;
    if (finding.outcome == Outcome::kFail) check["status"] = finding.status;
    if (finding.outcome != Outcome::kSkip) check["ms"] = finding.ms;
    checks.push_back(std::move(check));
  }
  return {{"status", status_of(findings)}, {"checks", std::move(checks)}};
}

int status_of(const Findings& findings) {
  const auto first = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.outcome == Outcome::kFail;
  });
  return first == findings.end() ? 0 : first->status;
}

}  // namespace passport::client
