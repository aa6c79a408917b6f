// passport-request create: from what is known of a wish to a request.
#pragma once
#include "api/service_client.h"
#include "client/request.h"
#include "client/watch.h"

namespace passport::client {

/// The wish with nothing missing: the account and region from those of the user where there is
/// one choice, the rest step by step from whoever sits at the terminal, with a summary to say
/// yes to. nullopt: the user left. Errors: kUsage: something is missing, and there is nobody to
/// ask.
net::Task<Result<std::optional<RequestWish>>> complete_wish(api::ServiceClient& service,
                                                            const RequestCommand& command);

/// Asks for it, once however often it has to be said: see RepeatKey. `watch` says what that
/// means for who interrupts.
net::Task<Result<json::object>> make_request(api::ServiceClient& service,
                                             const std::string& token_file,
                                             const RequestWish& wish, Watch& watch);

}  // namespace passport::client
