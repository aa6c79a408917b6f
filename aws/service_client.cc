#include "aws/service_client.h"

#include <algorithm>
#include <optional>

#include "aws/failure.h"
#include "wire/aws/service_error.h"
#include "wire/aws/sigv4.h"
#include "wire/aws/time.h"

namespace passport::aws {
struct ServiceClient::Progress {
  int tries = 1;
  int waits = 0;  ///< because of throttling, by a call with patience
  bool patient = false;
  bool signed_call = true;
  bool renewed = false;
  bool clock_corrected = false;
};

ServiceClient::ServiceClient(World world, Settings settings, CredentialSource credentials)
    : world_(std::move(world)),
      settings_(std::move(settings)),
      credentials_(std::move(credentials)) {}

net::Task<Result<Credentials>> ServiceClient::credentials(net::Deadline deadline) {
  return credentials_(Renew::kNo, deadline);
}

wire::HttpRequest ServiceClient::prepare(const ServiceCall& call,
                                         const wire::Endpoint& endpoint,
                                         const Credentials& credentials) const {
  auto request = call.request;
  request.target = settings_.endpoint(call.service).path + request.target;
  if (!call.unsigned_call)
    wire::aws::sign(request, endpoint, credentials.key,
                    {.region = settings_.signing_region(call.service),
                     .service = call.service,
                     .time = now()});
  return request;
}

ServiceClient::Next ServiceClient::next_step(const Result<wire::HttpResponse>& response,
                                             const Progress& progress) const {
  const bool last = progress.tries >= settings_.max_attempts;
  if (!response) {
    const auto code = response.error().code;
    return !last && (code == Errc::kUnavailable || code == Errc::kTimeout) ? Next::kRetry
                                                                           : Next::kFail;
  }
  const auto error = wire::aws::parse_service_error(*response);
  const bool clock_known =
      wire::aws::decode_http_date(wire::find_header(response->headers, "Date")).has_value();
  if (wire::aws::is_clock_skew(error) && clock_known && !progress.clock_corrected)
    return Next::kCorrectClock;
  const bool stale = wire::aws::is_expired(error) || wire::aws::is_unrecognized(error);
  if (stale && progress.signed_call && !progress.renewed) return Next::kRenew;
  if (progress.patient && wire::aws::is_throttling(error)) return Next::kWait;
  return !last && wire::aws::is_retryable(error) ? Next::kRetry : Next::kFail;
}

net::Task<bool> ServiceClient::pause(int tries, net::Deadline deadline) {
  const auto doubled = kFirstDelay * (1 << std::min(tries - 1, 10));
  const auto longest = std::min<std::chrono::milliseconds>(doubled, kLongestDelay);
  const auto delay = std::chrono::milliseconds(
      static_cast<std::int64_t>(world_.jitter() * static_cast<double>(longest.count())));
  if (std::chrono::steady_clock::now() + delay >= deadline) co_return false;
  co_await world_.sleep(delay);
  co_return true;
}

net::Task<Answer<wire::HttpResponse>> ServiceClient::call(ServiceCall call,
                                                          net::Deadline deadline) {
  auto endpoint = settings_.endpoint(call.service);
  endpoint.path.clear();  // prepare() puts it into the target
  Progress progress;
  progress.signed_call = !call.unsigned_call;
  progress.patient = call.patience.count() > 0;
  const auto patient_until = std::max(deadline, net::deadline_in(call.patience));
  Credentials credentials;
  if (progress.signed_call) {
    auto loaded = co_await credentials_(Renew::kNo, deadline);
    if (!loaded) co_return loaded.error();
    credentials = std::move(*loaded);
  }
  for (;;) {
    const auto attempt_end = std::min(deadline, net::deadline_in(kAttemptTime));
    auto request = prepare(call, endpoint, credentials);
    auto response = co_await world_.send(endpoint, std::move(request), attempt_end);
    if (response && response->status / 100 == 2) co_return std::move(*response);

    const auto next = next_step(response, progress);
    if (next == Next::kCorrectClock) {
      const auto date = wire::find_header(response->headers, "Date");
      clock_offset_ = *wire::aws::decode_http_date(date) - world_.now();
      progress.clock_corrected = true;
      continue;
    }
    if (next == Next::kRenew) {
      auto renewed = co_await credentials_(Renew::kYes, deadline);
      if (!renewed) co_return renewed.error();
      credentials = std::move(*renewed);
      progress.renewed = true;
      continue;
    }
    if (next == Next::kWait) {
      if (call.on_throttled) call.on_throttled();
      deadline = patient_until;
      const bool waited = co_await pause(++progress.waits, deadline);
      if (waited) continue;
    }
    bool again = next == Next::kRetry;
    if (again) again = co_await pause(progress.tries, deadline);
    if (again) {
      ++progress.tries;
      continue;
    }
    if (!response) co_return response.error();
    const auto error = wire::aws::parse_service_error(*response);
    Attempted attempted;
    attempted.action = call.service + ":" + call.action;
    attempted.target = call.target;
    attempted.host = endpoint.host;
    attempted.region = settings_.region;
    attempted.credentials = progress.signed_call ? &credentials : nullptr;
    attempted.tries = progress.tries + progress.waits;
    co_return Answer<wire::HttpResponse>(describe_failure(error, attempted), error.code);
  }
}

}  // namespace passport::aws
