// Instances for scale: known and online, and behind each nothing but a table of users, which
// the service's scripts change as they would change a machine.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "lab/command_table.h"

namespace passport::lab {

inline constexpr unsigned kMaxFeatherweights = 20000;
/// The first one's number; instances have the numbers below.
inline constexpr unsigned kFirstFeatherweight = 0x1001;

/// What an instance has on record of a user. At its end a live one is gone.
struct FeatherweightUser {
  std::int64_t generation = 0;
  std::int64_t end_unix_s = 0;
  std::int64_t issued_unix_ms = 0;
  bool live = false;  ///< else a tombstone
  bool sudo = false;
  std::size_t keys = 0;  ///< a hash of the authorities
};

/// One featherweight. It reads the variables at a script's head, which have the prefix
/// "passport_", and does with its table what that script does on a machine. Pure.
class Featherweight {
 public:
  using Users = std::map<std::string, FeatherweightUser, std::less<>>;
  using Changed = std::function<void(const std::string& user, const FeatherweightUser& now)>;

  explicit Featherweight(std::string id) : id_(std::move(id)) {}

  /// `changed` is called for each user that comes, goes or has another end. Any other script
  /// fails as an unknown command does.
  CommandOutcome run(std::string_view script, std::int64_t now_unix_s, const Changed& changed);
  /// Those whose end is past are tombstones.
  const Users& users(std::int64_t now_unix_s);

 private:
  using Head = std::map<std::string_view, std::string_view>;

  static Head read_head(std::string_view script);
  std::string provision(const Head& head, std::int64_t now_unix_s, const Changed& changed);
  std::string remove(const Head& head, const Changed& changed);
  std::string sweep(const Head& head, const Changed& changed);
  std::string host_key() const;

  std::string id_;
  Users users_;
};

/// One JSON object on one line: what a user on a featherweight is from now on.
std::string serialize_featherweight_change(std::string_view instance_id, std::string_view user,
                                           const FeatherweightUser& now,
                                           std::int64_t now_unix_s);

}  // namespace passport::lab
