// From a coroutine that asks passportd to an exit status.
#pragma once
#include <functional>

#include "api/service_client.h"
#include "api/settings.h"

namespace passport::client {

inline constexpr std::chrono::seconds kCallTime{60};

/// What a verb does with passportd; the exit status, or what went wrong.
using Work = std::function<net::Task<Result<int>>(api::ServiceClient&)>;

/// Runs it and reports what went wrong. Returns the exit status.
int run(const api::Settings& settings, const Work& work);

}  // namespace passport::client
