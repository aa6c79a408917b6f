// What the lab reads: agents' control channels, queries, policies, faults and its control
// socket.
#include <cstdlib>

#include "base/bytes.h"
#include "lab/control_messages.h"
#include "lab/fault_control.h"
#include "lab/iam_policy.h"
#include "lab/query.h"
#include "tests/fuzz/target.h"

using namespace passport;
using namespace passport::lab;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  const auto opened = parse_open_control_channel(text);
  if (opened && opened->token.empty()) std::abort();
  (void)parse_task_complete({data, size});
  (void)parse_query(split_target(text).second);
  if (const auto policy = IamPolicy::parse(text)) {
    const IamRequest request{.action = "ssm:StartSession",
                             .resource = "arn:aws:ec2:eu-west-1:123456789012:instance/i-1",
                             .context = {{"aws:username", "lab"}}};
    (void)find_iam_denial(&*policy, nullptr, request);
    (void)policy->asks_for("ssm:sessiondocumentaccesscheck");
  }
  if (const auto request = parse_fault_request(text)) {
    if (const auto faults = apply_fault_request({}, *request))
      for (const auto& [name, value] : list_faults(*faults)) {
        auto again = LabFaults{};
        if (name != "policy" && !set_fault(again, name, value)) std::abort();
      }
  }
  (void)parse_fault_answer(text);
  return 0;
}
