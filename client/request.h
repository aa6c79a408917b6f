// What passport-request's verbs do and print.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "api/settings.h"

namespace passport::client {

struct RequestWish {
  std::string account;
  std::string region;
  std::vector<std::string> instances{};
  std::string reason{};
  std::string ticket{};
  std::chrono::seconds lasts{3600};
  std::string key_type{};
  bool break_glass = false;
};

struct RequestCommand {
  std::string verb{};
  std::string id{};              ///< of a request, where the verb wants one
  RequestWish wish{};            ///< create
  std::chrono::seconds lasts{};  ///< extend: how much longer
  bool wait = true;              ///< create, extend: until the instances are ready
  bool json = false;
  bool all = false;  ///< list: also what is over
};

/// The exit status; what went wrong has been said. Create and extend: 0 when every instance is
/// active, 75 while it waits for approval, 69 when an instance has failed.
int run_request(const api::Settings& settings, const RequestCommand& command);

}  // namespace passport::client
