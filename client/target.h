// The instances that somebody may connect to, and which of them a word means. Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace passport::client {

/// An instance of a request of the user's. Whatever others have named is as they wrote it.
struct Target {
  std::string id;          ///< has the form of one
  std::string state;       ///< of the instance: "active", "provisioning", ...
  std::string name{};      ///< may be empty
  std::string platform{};  ///< "Linux", "Windows"; may be empty
  std::string error{};     ///< why it is not active
  std::map<std::string, std::string> tags{};
  std::string request{};
  std::string request_state{};
  std::string account{};
  std::string region{};
  std::int64_t ends_at = 0;  ///< Unix seconds; 0: not known yet

  bool has_keys = false;  ///< of its host, to check

  bool active() const { return has_user() && has_keys; }
  /// It has the user, but nobody can tell whether it is the right machine.
  bool keyless() const { return has_user() && !has_keys; }
  /// Its user is being made.
  bool coming() const;

 private:
  bool has_user() const { return state == "active" && request_state == "active"; }
};

/// Each instance once, those that can be used first, then by name and id: of an instance of
/// several requests what can be used longest. Requests as GET /v1/requests/ID has them; what
/// has no form that can be used is passed over.
std::vector<Target> find_targets(const json::array& requests);

struct TargetMatch {
  std::vector<std::size_t> targets{};
  bool exact = false;  ///< else parts of names or the beginning of an id
};

/// Whom `word` means: an id; else a name; else a tag, as KEY=VALUE or its value alone; else a
/// name in other case. When it is none of these, those of whose name or id it is a part.
TargetMatch match_targets(const std::vector<Target>& targets, std::string_view word);

/// A line each, for a list to pick from: id, name, what it is not yet, where, how long, tags.
std::vector<std::string> render_targets(const std::vector<Target>& targets, std::int64_t now);

/// "i-0123456789abcdef0 (web-1)".
std::string describe_target(const Target& target);

/// "web" is one of these, for who has no terminal to pick on; `word` may be empty. kUsage.
Error describe_ambiguity(const std::vector<Target>& targets, std::string_view word);

/// Why there is no way into it, ever or now, in one line and a hint: kUnavailable, kDenied.
Error describe_closed(const Target& target);

}  // namespace passport::client
