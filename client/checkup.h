// Checks that stand on one another, run at once.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "client/finding.h"
#include "net/asio.h"

namespace passport::client {

/// One check. Its name is that of its findings, unless they have their own.
struct Check {
  std::string name;
  /// It ends by the deadline, which is `patience` after its begin.
  std::function<net::Task<Findings>(net::Deadline deadline)> run;
  std::vector<std::string> grounds{};  ///< without them it is skipped
  std::vector<std::string> after{};    ///< waited for, however they end
  std::chrono::seconds patience{10};
};

/// Runs each check as soon as those that it waits for are over; those that fail or are skipped
/// take what stands on them along, with the reason. `tell` gets the findings in the order of
/// the checks, each as soon as all before it are there. A check that overruns its deadline is
/// left behind: its finding is that. Grounds and others are earlier in the list.
net::Task<Findings> run_checks(std::vector<Check> checks,
                               std::function<void(const Finding&)> tell);

}  // namespace passport::client
