#include "service/reconciler.h"

#include <algorithm>
#include <set>

#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "service/fail_point.h"
#include "service/logbook.h"
#include "service/sweep_store.h"

namespace passport::service {
namespace {

constexpr std::chrono::milliseconds kLook{500};  ///< for what has become due
constexpr std::chrono::seconds kCallTime{60};
constexpr std::chrono::seconds kScriptTime{90};
constexpr Millis kTroublePause = 5 * kSecond;
constexpr const char* kSelf = "passportd";

Result<void> log_batch(SqlTransaction& transaction, const AccessRequest& request,
                       const Batch& batch) {
  json::array ids;
  for (const auto& id : batch.instances) ids.emplace_back(id);
  return append_log(transaction, {kSelf,
                                  batch.remove ? "user.remove" : "user.provision",
                                  request.id,
                                  "begun",
                                  {{"user", request.linux_user},
                                   {"generation", batch.generation},
                                   {"instances", std::move(ids)}}});
}

/// Its time is over, or no instance took it: what was made is to be removed.
Result<void> begin_end(SqlTransaction& transaction, StoredRequest& stored) {
  auto& request = stored.request;
  const bool over = transaction.now() >= request.ends_at;
  request.state = RequestState::kCompleting;
  if (auto updated = update_request(transaction, stored); !updated) return updated;
  auto moved = move_instances(transaction, request.id,
                              {InstanceState::kWaiting, InstanceState::kProvisioning,
                               InstanceState::kActive, InstanceState::kFailed},
                              InstanceState::kRemoving);
  if (!moved) return moved;
  return append_log(transaction,
                    {kSelf, over ? "request.expire" : "request.fail", request.id, "ok"});
}

bool runs(RequestState state) {
  return state == RequestState::kProvisioning || state == RequestState::kActive;
}

/// Whether an invocation's output was cut where it was listed.
bool is_cut(const wire::aws::CommandInvocation& invocation) {
  return is_final(invocation.status) && invocation.output.size() >= wire::aws::kMaxListedOutput;
}

}  // namespace

net::Task<void> Reconciler::run() {
  bool renewed = false;
  while (!stopping_) {
    if (!renewed) renewed = co_await renew();
    bool more = working_ < kMaxAtOnce;
    if (more) more = co_await claim_next();
    if (!more) co_await wake_.wait(net::deadline_in(kLook));
  }
  while (working_ > 0) co_await wake_.wait(net::deadline_in(kLook));
}

/// Once, at the start: keys are exchanged, and sudo is granted or not, with a new start.
net::Task<bool> Reconciler::renew() {
  std::function<Result<std::size_t>(SqlTransaction&)> transact =
      [told = told_, keys = authorities_](SqlTransaction& transaction) {
        return renew_requests(transaction, told, keys);
      };
  const auto count = co_await database_.run<std::size_t>(std::move(transact));
  if (!count) log(LogLevel::kInfo, "requests not renewed: {}", count.error().detail);
  if (count && *count > 0) log_line(fmt::format("{} requests are told anew", *count));
  co_return count.has_value();
}

net::Task<bool> Reconciler::claim_next() {
  std::function<Result<std::optional<Claim>>(SqlTransaction&)> job = claim_work;
  const auto claim = co_await database_.run<std::optional<Claim>>(std::move(job));
  if (!claim) log(LogLevel::kInfo, "no work claimed: {}", claim.error().detail);
  if (!claim || !*claim) co_return false;
  ++working_;
  net::asio::co_spawn(executor_, work(**claim), net::asio::detached);
  co_return true;
}

net::Task<void> Reconciler::work(Claim claim) {
  Job job{std::move(claim)};
  auto done = co_await work_on(job);
  if (!done) {
    log_line(
        fmt::format("{}: {}", job.claim.request, escape_for_terminal(done.error().detail)));
    std::function<Result<bool>(SqlTransaction&)> release =
        [claimed = job.claim](SqlTransaction& transaction) -> Result<bool> {
      auto released = release_work(transaction, claimed, transaction.now() + kTroublePause);
      if (!released) return released.error();
      return true;
    };
    // If not even that succeeds, the lease ends by itself.
    (void)co_await database_.run<bool>(std::move(release));
  }
  --working_;
  wake_.notify();
}

net::Task<Result<void>> Reconciler::work_on(Job& job) {
  const auto planned = co_await plan(job);
  if (!planned) co_return planned.error();
  if (!*planned) co_return Result<void>();  // somebody else is at it
  fail_point("planned");
  const bool provisions = std::any_of(job.batches.begin(), job.batches.end(),
                                      [](const Batch& batch) { return !batch.remove; });
  if (provisions && on_provision) on_provision(job.request.id);
  co_await end_sessions(job);
  for (const auto& batch : job.batches) {
    auto sent = co_await send(job, batch);
    if (!sent) co_return sent;
  }
  std::set<std::string> commands;
  for (const auto& instance : job.instances)
    if (!instance.command_id.empty()) commands.insert(instance.command_id);
  for (const auto& command : commands) {
    auto polled = co_await poll(job, command);
    if (!polled) co_return polled;
  }
  fail_point("polled");
  co_return co_await finish(job);
}

/// Writes down what is about to be done. False: the request is not ours any more.
net::Task<Result<bool>> Reconciler::plan(Job& job) {
  std::function<Result<Job>(SqlTransaction&)> transact =
      [claim = job.claim, told = told_,
       &accounts = config_.accounts](SqlTransaction& transaction) -> Result<Job> {
    Job out{claim};
    auto stored = load_claimed(transaction, claim);
    if (!stored) return stored.error();
    if (!*stored) return out;
    auto& request = (*stored)->request;
    if (!accounts.contains(request.account))
      return Error{Errc::kConfig,
                   fmt::format("account {} is not in the configuration", request.account)};
    auto instances = load_instances(transaction, request.id);
    if (!instances) return instances.error();
    if (runs(request.state) && find_next_state(request, *instances, transaction.now(), false) ==
                                   RequestState::kCompleting) {
      if (auto done = begin_end(transaction, **stored); !done) return done.error();
      instances = load_instances(transaction, request.id);
      if (!instances) return instances.error();
    }
    out.batches = take_batches(request, *instances, transaction.now());
    for (const auto& batch : out.batches) {
      if (auto logged = log_batch(transaction, request, batch); !logged) return logged.error();
      for (auto& instance : *instances) {
        if (std::find(batch.instances.begin(), batch.instances.end(), instance.instance_id) ==
            batch.instances.end())
          continue;
        if (!batch.remove) instance.told = told;
        if (auto kept = update_instance(transaction, request.id, instance); !kept)
          return kept.error();
      }
    }
    if (request.state == RequestState::kCompleting) {
      auto sessions = list_open_sessions(transaction, request.id);
      if (!sessions) return sessions.error();
      out.sessions = std::move(*sessions);
    }
    out.request = request;
    out.instances = std::move(*instances);
    return out;
  };
  auto planned = co_await database_.run<Job>(std::move(transact));
  if (!planned) co_return planned.error();
  job = std::move(*planned);
  co_return !job.request.id.empty();
}

/// What cannot be ended here ends with its user's processes.
net::Task<void> Reconciler::end_sessions(Job& job) {
  if (job.sessions.empty()) co_return;
  auto& ssm =
      access_.provisioning(config_.accounts.at(job.request.account), job.request.region);
  for (const auto& session : job.sessions) {
    const auto ended = co_await ssm.terminate_session(session, net::deadline_in(kCallTime));
    if (!ended) {
      log(LogLevel::kInfo, "session not terminated: {}", ended.error().detail);
      continue;
    }
    std::function<Result<bool>(SqlTransaction&)> note =
        [session, id = job.request.id](SqlTransaction& transaction) -> Result<bool> {
      if (auto done = end_session(transaction, session, "request ended"); !done)
        return done.error();
      auto logged = append_log(transaction,
                               {kSelf, "session.terminate", id, "ok", {{"session", session}}});
      if (!logged) return logged.error();
      return true;
    };
    (void)co_await database_.run<bool>(std::move(note));
  }
}

Result<std::string> Reconciler::make_script(const Job& job, const Batch& batch) const {
  const UserScript script{job.request.linux_user, batch.generation,
                          job.request.ends_at / kSecond, job.request.activated_at};
  return batch.remove ? render_remove_script(script)
                      : render_provision_script(script, authorities_, config_.sudo);
}

net::Task<Result<void>> Reconciler::send(Job& job, Batch batch) {
  const auto script = make_script(job, batch);
  if (!script) co_return script.error();
  auto& ssm =
      access_.provisioning(config_.accounts.at(job.request.account), job.request.region);
  auto request = wire::aws::make_shell_command(batch.instances, *script, kScriptTime);
  request.comment = "Passport " + job.request.id;
  const auto sent = co_await ssm.send_command(std::move(request), net::deadline_in(kCallTime));
  fail_point("sent");
  if (!sent && sent.service_code() == "InvalidInstanceId" && batch.instances.size() > 1)
    co_return co_await send_one_by_one(job, batch, sent.error().detail);
  if (!sent) log(LogLevel::kInfo, "command not sent: {}", sent.error().detail);
  std::vector<RequestInstance> changed;
  for (auto& instance : job.instances) {
    if (std::find(batch.instances.begin(), batch.instances.end(), instance.instance_id) ==
        batch.instances.end())
      continue;
    if (sent)
      instance.command_id = *sent;
    else
      take_failure(instance, job.request, sent.error().detail,
                   instance.next_try_at - kCommandPatience);
    changed.push_back(instance);
  }
  co_return co_await save(job, std::move(changed));
}

/// One that is offline has the whole call refused.
net::Task<Result<void>> Reconciler::send_one_by_one(Job& job, Batch batch, std::string why) {
  log(LogLevel::kInfo, "one by one: {}", why);
  for (const auto& instance : batch.instances) {
    const Batch one{batch.remove, batch.generation, {instance}};
    auto sent = co_await send(job, one);
    if (!sent) co_return sent;
  }
  co_return Result<void>();
}

net::Task<Result<void>> Reconciler::poll(Job& job, std::string command) {
  auto& ssm =
      access_.provisioning(config_.accounts.at(job.request.account), job.request.region);
  std::string token;
  std::vector<RequestInstance> changed;
  do {
    auto page =
        co_await ssm.list_command_invocations(command, token, net::deadline_in(kCallTime));
    if (!page) co_return page.error();
    for (auto& invocation : page->invocations) {
      const auto instance = std::find_if(
          job.instances.begin(), job.instances.end(), [&](const RequestInstance& i) {
            return i.instance_id == invocation.instance_id && i.command_id == command;
          });
      if (instance == job.instances.end() || !is_final(invocation.status)) continue;
      if (is_cut(invocation)) {
        auto whole = co_await ssm.get_command_invocation(command, invocation.instance_id,
                                                         net::deadline_in(kCallTime));
        if (whole) invocation = std::move(*whole);
      }
      take_result(*instance, job.request, invocation, instance->next_try_at - kCommandPatience);
      changed.push_back(*instance);
    }
    token = page->next_token;
  } while (!token.empty());
  co_return co_await save(job, std::move(changed));
}

/// Keeps what instances came to, unless they were told something else meanwhile.
net::Task<Result<void>> Reconciler::save(Job& job, std::vector<RequestInstance> changed) {
  if (changed.empty()) co_return Result<void>();
  std::function<Result<bool>(SqlTransaction&)> transact =
      [claim = job.claim,
       changed = std::move(changed)](SqlTransaction& transaction) -> Result<bool> {
    auto stored = load_claimed(transaction, claim);
    if (!stored) return stored.error();
    if (!*stored) return Error{Errc::kConflict, "another process is at it"};
    const auto current = load_instances(transaction, claim.request);
    if (!current) return current.error();
    for (const auto& instance : changed) {
      const auto same =
          std::find_if(current->begin(), current->end(), [&](const RequestInstance& i) {
            return i.instance_id == instance.instance_id &&
                   i.generation == instance.generation &&
                   (i.state == InstanceState::kProvisioning ||
                    i.state == InstanceState::kRemoving) &&
                   (i.state == InstanceState::kRemoving) ==
                       (instance.state == InstanceState::kRemoving ||
                        instance.state == InstanceState::kRemoved);
          });
      if (same == current->end()) continue;
      if (auto kept = update_instance(transaction, claim.request, instance); !kept)
        return kept.error();
      const bool ended = instance.state != InstanceState::kProvisioning &&
                         instance.state != InstanceState::kRemoving;
      if (!ended) continue;
      const bool is_active = instance.state == InstanceState::kActive;
      auto logged =
          append_log(transaction, {kSelf,
                                   "user." + std::string(to_string(instance.state)),
                                   claim.request,
                                   instance.error.empty() || is_active ? "ok" : "failed",
                                   {{"instance", instance.instance_id},
                                    {"generation", instance.generation},
                                    {"error", instance.error}}});
      if (!logged) return logged.error();
    }
    return true;
  };
  const auto saved = co_await database_.run<bool>(std::move(transact));
  if (!saved) co_return saved.error();
  co_return Result<void>();
}

/// The request's own state, and when there is more to do.
net::Task<Result<void>> Reconciler::finish(Job& job) {
  std::function<Result<bool>(SqlTransaction&)> transact =
      [claim = job.claim](SqlTransaction& transaction) -> Result<bool> {
    auto stored = load_claimed(transaction, claim);
    if (!stored) return stored.error();
    if (!*stored) return false;
    auto& request = (*stored)->request;
    const auto instances = load_instances(transaction, request.id);
    if (!instances) return instances.error();
    const auto now = transaction.now();
    const auto next = find_next_state(request, *instances, now, !(*stored)->ended_by.empty());
    if (next != request.state && next != RequestState::kCompleting) {
      request.state = next;
      if (is_final(next)) {
        request.finished_at = now;
        if (auto planned = plan_sweeps(transaction, request.id); !planned)
          return planned.error();
      }
      if (auto updated = update_request(transaction, **stored); !updated)
        return updated.error();
      const LogEntry entry{kSelf, "request." + std::string(to_string(next)), request.id, "ok"};
      if (auto logged = append_log(transaction, entry); !logged) return logged.error();
    }
    const bool at_once = next == RequestState::kCompleting && runs(request.state);
    auto released = release_work(transaction, claim,
                                 at_once ? now : find_next_time(request, *instances, now));
    if (!released) return released.error();
    return is_final(next);
  };
  const auto finished = co_await database_.run<bool>(std::move(transact));
  if (!finished) co_return finished.error();
  if (*finished && on_end) on_end();
  co_return Result<void>();
}

}  // namespace passport::service
