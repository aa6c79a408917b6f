// passport-diagnostics bundle: what support needs to see, and no secret.
#pragma once
#include <string>
#include <vector>

#include "client/archive.h"
#include "client/exam.h"

namespace passport::client {

struct BundleWish {
  DoctorWish doctor{};
  std::string output{};  ///< a file, "-" for standard output; empty: one of this moment
  std::string print{};   ///< the entry to print instead
  bool list = false;     ///< and write nothing
  bool yes = false;      ///< do not ask
  bool force = false;    ///< replace a file that is there
  bool anonymous = false;
};

/// What there is, redacted; `findings` are those of `exam`. Errors: kInternal when something
/// looks like a secret still, naming the entry.
Result<std::vector<ArchiveEntry>> collect_entries(const Exam& exam, const Findings& findings,
                                                  bool anonymous);

/// Shows what goes in, asks, and writes it. The exit status; what went wrong has been said.
int run_bundle(const BundleWish& wish);

}  // namespace passport::client
