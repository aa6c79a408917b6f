// What passport-logbook does: export, verify and show.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <string>

#include "base/result.h"

namespace passport::service {

/// All of a database's Logbook as lines. Errors: kNotFound: no such file; kUnavailable; those
/// of connect_database().
Result<void> export_logbook(const std::string& database, std::ostream& out);

struct VerifyWish {
  std::string file;         ///< an export
  std::string public_keys;  ///< file of lines "ssh-ed25519 ..."
  std::string checkpoints;  ///< file of checkpoints that was kept elsewhere; may be empty
};

/// Says on `out` what holds. Errors: as LogbookVerifier; kNotFound: a file that cannot be read.
Result<void> verify_logbook(const VerifyWish& wish, std::ostream& out);

struct ShowWish {
  std::string file;        ///< an export
  std::string database;    ///< in its place
  std::int64_t since = 0;  ///< Unix ms
  std::int64_t until = std::numeric_limits<std::int64_t>::max();
  std::string actor;   ///< empty: any
  std::string object;  ///< empty: any
  bool json = false;   ///< lines as they are in an export
};

/// Records, one a line, without a look at whether they hold. Errors: as the others.
Result<void> show_logbook(const ShowWish& wish, std::ostream& out);

}  // namespace passport::service
