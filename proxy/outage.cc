#include "proxy/outage.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/duration.h"

namespace passport::proxy {

Outage::Time Outage::next_try(Time now, std::uint64_t random) {
  const unsigned tries = tries_++;
  if (tries == 0) return now;
  const auto most = std::min(kLongestDelay, kFirstDelay * (1 << std::min(tries - 1, 10U)));
  const auto half = most / 2;
  return now + half +
         std::chrono::milliseconds(random % static_cast<std::uint64_t>(half.count() + 1));
}

std::optional<Error> Outage::judge(const Error& error) {
  // Time that ran out says less than what was said before.
  if (!last_ || error.code != Errc::kTimeout) last_ = error;
  refused_ = error.code == Errc::kDenied || error.code == Errc::kExpired;
  switch (error.code) {
    case Errc::kNotFound:
      return Error{Errc::kUnavailable,
                   fmt::format("the connection broke ({}) and the session is gone: {}", why_,
                               error.detail),
                   "connect again"};
    case Errc::kUsage:
    case Errc::kConfig:
    case Errc::kProtocol:
    case Errc::kMalformed:
    case Errc::kTooLarge:
    case Errc::kInternal:
      return give_up();
    default:
      return std::nullopt;  // the network, the service or the credentials may come back
  }
}

Error Outage::give_up() const {
  auto detail = fmt::format("the connection broke ({}) and could not be resumed", why_);
  if (!last_)
    return {Errc::kUnavailable,
            detail + " within " +
                describe_duration(
                    std::chrono::duration_cast<std::chrono::seconds>(until_ - since_))};
  return {last_->code, detail + ": " + last_->detail, last_->hint};
}

std::optional<Outage::Time> Outage::notice_at() const {
  if (noticed_ || since_ + kQuietFor >= until_) return std::nullopt;
  return since_ + kQuietFor;
}

std::string Outage::take_notice(Time now) {
  const auto at = notice_at();
  if (!at || now < *at) return {};
  noticed_ = true;
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(until_ - now);
  auto text = fmt::format("the connection broke ({}); trying to resume for another {}", why_,
                          describe_duration(std::max(left, std::chrono::seconds(0))));
  if (last_) text += ": " + last_->detail;
  return text;
}

}  // namespace passport::proxy
