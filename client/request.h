// What passport-request's verbs do and print.
#pragma once
#include <string>

#include "api/settings.h"
#include "base/colour.h"
#include "client/wish.h"

namespace passport::client {

struct RequestCommand {
  std::string verb{};
  std::string id{};              ///< of a request, where the verb wants one
  RequestWish wish{};            ///< create; what is missing is asked for, or an error
  std::chrono::seconds lasts{};  ///< extend: how much longer
  bool lasts_given = false;      ///< create: else it is asked for with the rest
  bool wait = true;              ///< create, extend, complete: until it has come about
  bool json = false;
  bool all = false;  ///< list: also what is over
  Colour colour = Colour::kAuto;
};

/// The exit status; what went wrong has been said. Create and extend: 0 when every instance is
/// active, 75 while it waits for approval, 69 when an instance has failed.
int run_request(const api::Settings& settings, const RequestCommand& command);

}  // namespace passport::client
