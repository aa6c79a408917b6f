// What somebody asks for, and what people type for it. Pure.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace passport::client {

struct RequestWish {
  std::string account{};
  std::string region{};
  std::vector<std::string> instances{};
  std::string reason{};
  std::string ticket{};
  std::chrono::seconds lasts{3600};
  std::string key_type{};
  bool break_glass = false;
};

/// These take what was typed. Errors: kUsage, saying what is wrong with it.
inline constexpr std::chrono::hours kLongest{12};
Result<std::chrono::seconds> parse_lasts(std::string_view text);  ///< "90s", "10m", "2h"
Result<std::vector<std::string>> parse_instances(std::string_view text);  ///< ids
Result<std::string> parse_reason(std::string_view text);
Result<std::string> parse_ticket(std::string_view text);  ///< may be empty
/// Nothing, "y" and "yes" are a yes.
Result<bool> parse_yes(std::string_view text);

/// The body of POST /v1/requests.
json::object body_of(const RequestWish& wish);

/// Line by line, for who is about to ask for it.
std::string render_wish(const RequestWish& wish);

/// An account in which the user may ask for access.
struct OpenAccount {
  std::string id;
  std::vector<std::string> regions{};
};
/// Those of GET /v1/accounts.
std::vector<OpenAccount> find_open_accounts(const json::object& answer);

}  // namespace passport::client
