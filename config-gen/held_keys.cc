#include "config-gen/held_keys.h"

#include <algorithm>

#include <fmt/format.h>

#include "net/together.h"

namespace passport::config_gen {
namespace {

constexpr std::int64_t kSameEnd = 5;  ///< seconds: the agent is told how long, not until when
constexpr std::size_t kAtOnce = 4;    ///< requests; each makes keys and asks the service
constexpr std::chrono::seconds kPatience{100};  ///< with another that does the same
constexpr std::chrono::milliseconds kLook{100};

std::int64_t now() {
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
}

bool is_held(const HeldByRequest& held, const CertifiedAccess& access,
             const std::string& key_type) {
  const auto at = held.find(access.request);
  return at != held.end() && (at->second.keys == key_type || at->second.keys == "all") &&
         std::abs(at->second.ends_at - access.ends_at) <= kSameEnd &&
         at->second.certified_until > now();
}

/// One run of hold_all().
struct Holding {
  std::string directory;
  std::string key_type;
  api::Service service;
  std::map<std::string, Error> failed{};  ///< by request
};

net::Task<Result<void>> hold_one(Holding& all, const CertifiedAccess& access) {
  const auto end = net::deadline_in(kPatience);
  for (;;) {
    const std::chrono::seconds left(access.ends_at - now());
    auto holding = hold(access.request, std::max(left, std::chrono::seconds(1)), all.key_type,
                        all.service);
    auto done = co_await std::move(holding);
    if (done || done.error().code != Errc::kThrottled) co_return done;
    // Another of us has begun with it.
    if (std::chrono::steady_clock::now() >= end) co_return done;
    net::asio::steady_timer timer(co_await net::asio::this_coro::executor, kLook);
    co_await timer.async_wait(net::asio::use_awaitable);
    const auto held = list_held(all.directory);
    if (held && is_held(*held, access, all.key_type)) co_return Result<void>();
  }
}

net::Task<void> hold_into(Holding& all, const CertifiedAccess& access) {
  auto holding = hold_one(all, access);
  const auto done = co_await std::move(holding);
  if (!done) all.failed.emplace(access.request, done.error());
}

/// The first, and how many more.
std::optional<Error> describe(const std::map<std::string, Error>& failed) {
  if (failed.empty()) return {};
  const auto& [request, error] = *failed.begin();
  const auto more = failed.size() == 1 ? std::string()
                                       : fmt::format(", and {} more of your requests failed so",
                                                     failed.size() - 1);
  return Error{error.code, request + ": " + error.detail + more, error.hint};
}

bool has_any(const HeldByRequest& held, const std::vector<CertifiedAccess>& accesses) {
  return std::any_of(accesses.begin(), accesses.end(), [&](const CertifiedAccess& access) {
    const auto at = held.find(access.request);
    return at != held.end() && at->second.certified_until > now();
  });
}

std::vector<net::Job> make_jobs(Holding& all, const HeldByRequest& held,
                                const std::vector<CertifiedAccess>& accesses) {
  std::vector<net::Job> out;
  for (const auto& access : accesses)
    if (!is_held(held, access, all.key_type))
      out.emplace_back([&all, &access] { return hold_into(all, access); });
  return out;
}

net::Task<void> drop_others(const HeldByRequest& held,
                            const std::vector<CertifiedAccess>& accesses) {
  for (const auto& entry : held) {
    const auto& request = entry.first;
    const bool wanted =
        std::any_of(accesses.begin(), accesses.end(),
                    [&](const CertifiedAccess& a) { return a.request == request; });
    if (wanted || !request.starts_with("ar-")) continue;
    auto dropping = drop(request);
    (void)co_await std::move(dropping);  // its end has come, or soon will
  }
}

}  // namespace

net::Task<Result<Holdings>> hold_all(std::string directory,
                                     const std::vector<CertifiedAccess>& accesses,
                                     std::string key_type, api::Service service) {
  auto held = list_held(directory);
  if (!held && held.error().code == Errc::kNotFound) {
    if (accesses.empty()) co_return Holdings();
    auto starting = start_agent();
    const auto started = co_await std::move(starting);
    if (!started) co_return started.error();
    held = list_held(directory);
  }
  if (!held) co_return held.error();
  Holding all{directory, std::move(key_type), std::move(service)};
  auto jobs = make_jobs(all, *held, accesses);
  const bool changes = !jobs.empty();
  auto holding = net::run_together(std::move(jobs), kAtOnce);
  co_await std::move(holding);
  auto dropping = drop_others(*held, accesses);
  co_await std::move(dropping);
  if (changes) held = list_held(directory);
  if (!held) co_return held.error();
  Holdings out{std::move(*held), describe(all.failed)};
  if (out.failed && !has_any(out.held, accesses)) co_return *out.failed;
  co_return out;
}

}  // namespace passport::config_gen
