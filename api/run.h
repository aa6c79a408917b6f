// From a coroutine that asks passportd to an exit status.
#pragma once
#include <functional>

#include "api/service_client.h"
#include "api/settings.h"

namespace passport::api {

/// What a verb does with passportd; the exit status, or what went wrong.
using Work = std::function<net::Task<Result<int>>(ServiceClient&)>;

/// Runs it and reports what went wrong. Returns the exit status.
int run(const Settings& settings, const Work& work);

}  // namespace passport::api
