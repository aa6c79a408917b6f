// Calls to AWS's services: signed, sent, and tried again where that may help.
#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "aws/answer.h"
#include "aws/credentials.h"
#include "aws/settings.h"
#include "aws/world.h"
#include "wire/http.h"

namespace passport::aws {

struct ServiceCall {
  std::string service;   ///< "ssm"
  std::string action;    ///< "StartSession"
  std::string target{};  ///< what it is for, for messages
  wire::HttpRequest request{};
  bool unsigned_call = false;
  /// How long throttling is tried again, whatever max_attempts and the call's deadline say;
  /// it then counts as no attempt. Zero: as other failures.
  std::chrono::seconds patience{0};
  std::function<void()> on_throttled{};  ///< before each wait because of it; may be empty
};

/// Signs and sends calls. Throttling, failures of the service's own and broken connections are
/// tried again, max_attempts in all, after a random part of a time that doubles each time;
/// expired or unknown credentials are asked for anew, once; when the service says that the
/// time of the signature is wrong, its clock is believed, once. All of it ends at the deadline.
///
/// Repeating a call whose answer was lost can repeat its effect: a session that nobody opens
/// ends by itself.
class ServiceClient {
 public:
  static constexpr std::chrono::seconds kAttemptTime{15};
  static constexpr std::chrono::milliseconds kFirstDelay{500};
  static constexpr std::chrono::milliseconds kLongestDelay{20000};

  ServiceClient(World world, Settings settings, CredentialSource credentials);

  /// The 2xx answer. Errors: those of the credentials, of net::HttpClient::send and of
  /// describe_failure().
  net::Task<Answer<wire::HttpResponse>> call(ServiceCall call, net::Deadline deadline);

  /// The credentials to sign something else with, and the service's time.
  net::Task<Result<Credentials>> credentials(net::Deadline deadline);
  std::chrono::sys_seconds now() const { return world_.now() + clock_offset_; }

  const Settings& settings() const { return settings_; }

 private:
  struct Progress;
  enum class Next { kFail, kRetry, kWait, kRenew, kCorrectClock };

  wire::HttpRequest prepare(const ServiceCall& call, const wire::Endpoint& endpoint,
                            const Credentials& credentials) const;
  Next next_step(const Result<wire::HttpResponse>& response, const Progress& progress) const;
  net::Task<bool> pause(int tries, net::Deadline deadline);

  World world_;
  Settings settings_;
  CredentialSource credentials_;
  std::chrono::seconds clock_offset_{0};  ///< the service's clock less ours
};

}  // namespace passport::aws
