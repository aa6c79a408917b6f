#include "service/fail_point.h"

#ifdef PASSPORT_FAIL_POINTS
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>

namespace passport::service {
namespace {

struct Plan {
  std::string name;
  long at = 0;  ///< 0: never
  long passed = 0;
};

Plan make_plan() {
  const char* text = std::getenv("PASSPORT_FAIL_POINT");
  if (text == nullptr || *text == '\0') return {};
  const std::string wish = text;
  const auto colon = wish.rfind(':');
  Plan plan{wish.substr(0, colon), 1};
  if (colon != std::string::npos) plan.at = std::strtol(wish.c_str() + colon + 1, nullptr, 10);
  return plan;
}

}  // namespace

void fail_point(const char* name) {
  static std::mutex mutex;
  static Plan plan = make_plan();
  const std::lock_guard lock(mutex);
  if (plan.at == 0 || (!plan.name.empty() && plan.name != name)) return;
  if (++plan.passed == plan.at) std::raise(SIGKILL);
}

}  // namespace passport::service
#endif
