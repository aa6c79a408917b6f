#include "service/instance_work.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "wire/ssh/public_key.h"

namespace passport::service {
namespace {

constexpr std::size_t kMaxError = 300;  ///< bytes of an instance's words

Millis retry_pause(std::int64_t attempts) {
  const auto doublings = std::min<std::int64_t>(attempts, 9);
  return std::min<Millis>(kSecond << doublings, kMaxRetryPause);
}

/// Whoever was about to send the command is not there any more: a command that was sent has an
/// id by the time that its sender lets go, and one that could not be sent has an error.
bool was_dropped(const RequestInstance& i) {
  return i.state != InstanceState::kWaiting && i.attempts > 0 && i.command_id.empty() &&
         i.error.empty();
}

bool is_due(const RequestInstance& i, Millis now) {
  const bool wanted = i.state == InstanceState::kWaiting ||
                      i.state == InstanceState::kRemoving ||
                      i.state == InstanceState::kProvisioning;
  return wanted && (i.next_try_at <= now || was_dropped(i));
}

void retry(RequestInstance& instance, const AccessRequest& request, std::string why,
           Millis now) {
  instance.command_id.clear();
  instance.error = escape_for_terminal(why, kMaxError);
  instance.next_try_at = now + retry_pause(instance.attempts);
  if (instance.state == InstanceState::kProvisioning) {
    instance.state = instance.attempts >= kMaxProvisionAttempts ? InstanceState::kFailed
                                                                : InstanceState::kWaiting;
  } else if (now > request.ends_at + kRemovalPatience) {
    instance.state = InstanceState::kRemoved;  // by its own timer, if ever it is back
  }
}

void take_live(RequestInstance& instance, const ScriptAnswer& answer) {
  instance.state = InstanceState::kActive;
  instance.error.clear();
  instance.home = answer.home;
  instance.sshd_version = answer.sshd_version;
  instance.host_keys.clear();
  for (const auto& key : answer.host_keys)
    instance.host_keys += render_public_key(key, "").append("\n");
  if (answer.host_keys.empty()) instance.error = "it told no host key of a type that is known";
}

std::string_view words_of(ScriptOutcome outcome) {
  switch (outcome) {
    case ScriptOutcome::kConflict:
      return "another script of the same generation was there";
    case ScriptOutcome::kPast:
      return "the end was over when the command arrived";
    case ScriptOutcome::kGone:
    case ScriptOutcome::kGoing:
      return "the user was removed meanwhile";
    case ScriptOutcome::kMaking:
      return "a newer script is at it";
    default:
      return "the script failed";
  }
}

}  // namespace

std::vector<Batch> take_batches(const AccessRequest& request,
                                std::vector<RequestInstance>& instances, Millis now) {
  std::vector<Batch> out;
  for (const bool remove : {false, true}) {
    std::vector<RequestInstance*> due;
    for (auto& instance : instances)
      if (is_due(instance, now) && (instance.state == InstanceState::kRemoving) == remove)
        due.push_back(&instance);
    if (!remove && now >= request.ends_at) continue;
    for (std::size_t at = 0; at < due.size(); at += wire::aws::kMaxCommandTargets) {
      Batch batch{remove, 0, {}};
      const auto end = std::min(at + wire::aws::kMaxCommandTargets, due.size());
      for (auto i = at; i < end; ++i)
        batch.generation = std::max(batch.generation, due[i]->generation + 1);
      for (auto i = at; i < end; ++i) {
        auto& instance = *due[i];
        if (!remove) instance.state = InstanceState::kProvisioning;
        instance.generation = batch.generation;
        instance.command_id.clear();
        instance.error.clear();
        ++instance.attempts;
        instance.next_try_at = now + kCommandPatience;
        batch.instances.push_back(instance.instance_id);
      }
      out.push_back(std::move(batch));
    }
  }
  return out;
}

void take_result(RequestInstance& instance, const AccessRequest& request,
                 const wire::aws::CommandInvocation& invocation, Millis now) {
  if (!is_final(invocation.status)) return;
  const auto answer = parse_script_answer(invocation.output);
  if (!answer) {
    retry(instance, request,
          fmt::format("Run Command: {} ({})", invocation.status_details, answer.error().detail),
          now);
    return;
  }
  const bool removes = instance.state == InstanceState::kRemoving;
  const bool ours = answer->generation == instance.generation;
  if (!removes && answer->outcome == ScriptOutcome::kLive && ours &&
      answer->end_unix_s == request.ends_at / kSecond) {
    take_live(instance, *answer);
  } else if (removes && answer->outcome == ScriptOutcome::kGone) {
    instance.state = InstanceState::kRemoved;
    instance.error.clear();
  } else {
    retry(instance, request,
          answer->error.empty() ? std::string(words_of(answer->outcome)) : answer->error, now);
    return;
  }
  instance.command_id.clear();
  instance.attempts = 0;
  instance.next_try_at = 0;
}

void take_failure(RequestInstance& instance, const AccessRequest& request,
                  const std::string& why, Millis now) {
  retry(instance, request, why, now);
}

Millis find_next_time(const AccessRequest& request,
                      const std::vector<RequestInstance>& instances, Millis now) {
  auto next =
      request.state == RequestState::kCompleting ? now + kMaxRetryPause : request.ends_at;
  for (const auto& instance : instances) {
    if (instance.state == InstanceState::kActive || instance.state == InstanceState::kRemoved ||
        instance.state == InstanceState::kFailed)
      continue;
    next =
        std::min(next, instance.command_id.empty() ? instance.next_try_at : now + kPollPause);
  }
  return std::max(next, now);
}

}  // namespace passport::service
