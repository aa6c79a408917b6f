// What is to be done about a request's instances next. Pure.
#pragma once
#include <string>
#include <vector>

#include "service/access_request.h"
#include "service/instance_script.h"
#include "wire/aws/command_messages.h"

namespace passport::service {

inline constexpr std::int64_t kMaxProvisionAttempts = 5;
inline constexpr Millis kCommandPatience = 120 * kSecond;  ///< then the command counts as lost
inline constexpr Millis kPollPause = 700;
inline constexpr Millis kMaxRetryPause = 300 * kSecond;
/// Users that could not be removed are looked after for so long; their own timer was to do it.
inline constexpr Millis kRemovalPatience = 24 * 3600 * kSecond;

/// A command to send: the same script for all.
struct Batch {
  bool remove = false;
  std::int64_t generation = 0;
  std::vector<std::string> instances;  ///< at most wire::aws::kMaxCommandTargets
};

/// Takes what is due at `now`: notes in `instances` that it is under way, and gives what is to
/// be sent. What was under way and is lost is due again.
std::vector<Batch> take_batches(const AccessRequest& request,
                                std::vector<RequestInstance>& instances, Millis now);

/// What a command came to on an instance.
void take_result(RequestInstance& instance, const AccessRequest& request,
                 const wire::aws::CommandInvocation& invocation, Millis now);

/// The command could not be sent.
void take_failure(RequestInstance& instance, const AccessRequest& request,
                  const std::string& why, Millis now);

/// When there is something to do next, if nobody asks for anything.
Millis find_next_time(const AccessRequest& request,
                      const std::vector<RequestInstance>& instances, Millis now);

}  // namespace passport::service
