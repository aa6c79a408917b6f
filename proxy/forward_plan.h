// Sessions for forwards.
#pragma once
#include <vector>

#include "proxy/forward_side.h"
#include "proxy/run.h"

namespace passport::proxy {

/// One session for each port of each host that `forwards` lead to, otherwise as `base`.
std::vector<SessionPlan> make_forward_plans(const SessionPlan& base,
                                            const ForwardConfig& forwards);

}  // namespace passport::proxy
