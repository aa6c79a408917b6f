// passport-connect: from a word, or a list, to ssh on an instance.
#pragma once
#include <string>
#include <vector>

#include "api/settings.h"
#include "base/colour.h"

namespace passport::client {

struct ConnectWish {
  std::string instance{};             ///< id, name or tag; empty: the one there is, or a list
  std::vector<std::string> to_ssh{};  ///< what stands after the host on ssh's command line
  std::string key_type{};             ///< empty: what fits
};

/// Becomes ssh; else the exit status, and what went wrong has been said.
int run_connect(const api::Settings& settings, const ConnectWish& wish);

}  // namespace passport::client
