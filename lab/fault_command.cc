// passport-lab fault: the other end of the control socket.
#include <iostream>

#include <boost/json/serialize.hpp>
#include <sysexits.h>

#include "base/exit_code.h"
#include "base/json.h"
#include "base/log.h"
#include "lab/control_socket.h"
#include "lab/fault_control.h"
#include "lab/iam_policy.h"
#include "lab/options.h"
#include "lab/state_dir.h"

namespace passport::lab {
namespace {

/// The words of the command line; everything in them is checked before the lab is asked.
Result<FaultRequest> make_request(const FaultWords& words) {
  if (words.empty()) return Error{Errc::kUsage, "want NAME=VALUE, show or clear"};
  if (words.size() == 1 && words[0] == "show") return FaultRequest{};
  if (words.size() == 1 && words[0] == "clear") return FaultRequest{FaultRequest::Kind::kClear};
  FaultRequest request{FaultRequest::Kind::kSet};
  LabFaults checked;
  for (const auto& word : words) {
    auto value = parse_assignment(word);
    if (!value) return value.error();
    value = load_policy_file(std::move(*value));
    if (!value) return value.error();
    if (auto set = set_fault(checked, value->name, value->value); !set) return set.error();
    request.values.push_back(std::move(*value));
  }
  return request;
}

void print(const std::vector<NamedValue>& faults, bool as_json) {
  json::object object;
  for (const auto& [name, value] : faults) {
    if (as_json) {
      object[name] = value;
    } else {
      std::cout << name << ' ' << value << '\n';
    }
  }
  if (as_json) std::cout << json::serialize(object) << '\n';
  std::cout << std::flush;
}

}  // namespace

Result<NamedValue> load_policy_file(NamedValue value) {
  const auto colon = value.value.rfind(':');
  const bool policy = value.name == "policy" || value.name == "trust";
  if (!policy || colon == std::string::npos || colon + 1 == value.value.size()) return value;
  const auto text = load_file(value.value.substr(colon + 1));
  if (!text) return text.error();
  value.value.replace(colon + 1, std::string::npos, *text);
  return value;
}

int run_fault(const LabOptions& options, const FaultWords& words) {
  const auto request = make_request(words);
  if (!request) return report(request.error());
  const auto line = ask_lab(options.state_dir, serialize_fault_request(*request));
  if (!line) return report(line.error());
  const auto answer = parse_fault_answer(*line);
  if (!answer) return report(answer.error());
  if (answer->error) return report(*answer->error);
  print(answer->faults, options.json);
  return EX_OK;
}

}  // namespace passport::lab
