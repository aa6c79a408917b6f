// The token of this user for passportd: where it is kept, and what it is worth.
#pragma once
#include "api/settings.h"
#include "base/secret.h"

namespace passport::client {

/// Checks the token at the service, then keeps it in a file of mode 0600, in place of another.
/// These return the exit status; what went wrong has been said.
int log_in(const api::Settings& settings, const Secret& token);

/// Whom the token is of, its groups and how long it is good for.
int print_status(const api::Settings& settings, bool as_json);

/// Has the service forget the token, and removes it here whatever the service says.
int log_out(const api::Settings& settings);

}  // namespace passport::client
