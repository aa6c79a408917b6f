#include "client/checkup.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "net/event.h"

namespace passport::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kGrace{2};  ///< beyond a check's own deadline

struct Slot {
  Check check;
  bool started = false;
  Clock::time_point begin{};
  std::optional<Findings> findings{};  ///< there when it is over
};

/// Shared with checks that are left behind.
struct Checkup {
  Checkup(const net::asio::any_io_executor& executor, std::vector<Check> checks)
      : changed(executor) {
    for (auto& check : checks) slots.push_back({std::move(check)});
  }

  const Slot& find(const std::string& name) const {
    return *std::find_if(slots.begin(), slots.end(),
                         [&](const Slot& slot) { return slot.check.name == name; });
  }
  bool all_over(const std::vector<std::string>& names) const {
    return std::all_of(names.begin(), names.end(), [this](const std::string& name) {
      return find(name).findings.has_value();
    });
  }
  bool all_over() const {
    return std::all_of(slots.begin(), slots.end(),
                       [](const Slot& slot) { return slot.findings.has_value(); });
  }

  void finish(Slot& slot, Findings findings) {
    const auto took = Clock::now() - slot.begin;
    for (auto& finding : findings) {
      if (finding.what.empty()) finding.what = slot.check.name;
      if (slot.started)
        finding.ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    }
    slot.findings = std::move(findings);
    changed.notify();
  }

  std::vector<Slot> slots;
  net::Event changed;
};

bool passed(const Slot& slot) {
  return std::none_of(slot.findings->begin(), slot.findings->end(), [](const Finding& finding) {
    return finding.outcome == Outcome::kFail || finding.outcome == Outcome::kSkip;
  });
}

/// What is not fulfilled; empty: nothing.
std::string missing_ground(const Checkup& checkup, const Check& check) {
  const auto& grounds = check.grounds;
  const auto at = std::find_if(grounds.begin(), grounds.end(), [&](const std::string& name) {
    return !passed(checkup.find(name));
  });
  return at == grounds.end() ? std::string() : *at;
}

net::Task<void> run_one(std::shared_ptr<Checkup> checkup, std::size_t at) {
  auto& slot = checkup->slots[at];
  Findings findings;
  try {
    auto running = slot.check.run(slot.begin + slot.check.patience);
    findings = co_await std::move(running);
  } catch (const std::exception& e) {
    findings = {fail(Errc::kInternal, e.what())};
  }
  if (!slot.findings) checkup->finish(slot, std::move(findings));
}

void start_ready(const net::asio::any_io_executor& executor,
                 const std::shared_ptr<Checkup>& checkup) {
  for (std::size_t i = 0; i < checkup->slots.size(); ++i) {
    auto& slot = checkup->slots[i];
    const auto& check = slot.check;
    if (slot.started || slot.findings || !checkup->all_over(check.grounds) ||
        !checkup->all_over(check.after))
      continue;
    if (const auto missing = missing_ground(*checkup, check); !missing.empty()) {
      checkup->finish(slot, {skip("needs " + missing)});
      continue;
    }
    slot.started = true;
    slot.begin = Clock::now();
    net::asio::co_spawn(executor, run_one(checkup, i), [](const std::exception_ptr& e) {
      if (e) std::rethrow_exception(e);
    });
  }
}

/// Until when nothing can be late.
net::Deadline end_late(Checkup& checkup) {
  auto next = Clock::now() + std::chrono::hours(1);
  for (auto& slot : checkup.slots) {
    if (!slot.started || slot.findings) continue;
    const auto end = slot.begin + slot.check.patience + kGrace;
    if (Clock::now() >= end)
      checkup.finish(slot, {fail(Errc::kTimeout, fmt::format("it did not end within {} s",
                                                             slot.check.patience.count()))});
    else
      next = std::min(next, end);
  }
  return next;
}

}  // namespace

net::Task<Findings> run_checks(std::vector<Check> checks,
                               std::function<void(const Finding&)> tell) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto checkup = std::make_shared<Checkup>(executor, std::move(checks));
  Findings out;
  std::size_t told = 0;
  for (;;) {
    start_ready(executor, checkup);
    const auto until = end_late(*checkup);
    for (; told < checkup->slots.size() && checkup->slots[told].findings; ++told) {
      for (const auto& finding : *checkup->slots[told].findings) {
        tell(finding);
        out.push_back(finding);
      }
    }
    if (checkup->all_over()) co_return out;
    co_await checkup->changed.wait(until);
  }
}

}  // namespace passport::client
