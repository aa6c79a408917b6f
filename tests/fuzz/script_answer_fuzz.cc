// What an instance, which may be hostile, answers to a script; and what becomes of it.
#include <cstdlib>

#include "service/instance_script.h"
#include "service/instance_work.h"
#include "tests/fuzz/target.h"

using namespace passport;
using namespace passport::service;

namespace {

bool is_line(const std::string& text) {
  for (const char c : text)
    if (c < ' ' || c > '~') return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(ByteView(data, size));
  const auto answer = parse_script_answer(text);
  if (answer) {
    if (!is_line(answer->error) || !is_line(answer->home) || !is_line(answer->sshd_version) ||
        answer->generation < 0 || answer->end_unix_s < 0)
      std::abort();
    for (const auto& user : answer->users)
      if (!is_short_lived_user(user)) std::abort();
  }
  // Whatever it says, an instance is not active with another generation or end than its own.
  AccessRequest request;
  request.ends_at = 1'700'000'000 * kSecond;
  RequestInstance instance;
  instance.state = InstanceState::kProvisioning;
  instance.generation = 3;
  instance.attempts = 1;
  wire::aws::CommandInvocation invocation;
  invocation.status = wire::aws::InvocationStatus::kSuccess;
  invocation.output = std::string(text);
  take_result(instance, request, invocation, 1'699'999'000 * kSecond);
  const bool active = instance.state == InstanceState::kActive;
  if (active && (!answer || answer->generation != 3 || answer->end_unix_s != 1'700'000'000))
    std::abort();
  return 0;
}
