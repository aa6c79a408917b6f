#include "service/sweeper.h"

#include <set>

#include "base/log.h"
#include "base/text.h"

namespace passport::service {
namespace {

constexpr std::chrono::seconds kLook{10};  ///< for what is due
constexpr std::chrono::seconds kCallTime{60};
constexpr std::chrono::seconds kScriptTime{90};
constexpr std::chrono::seconds kAnswerTime{150};  ///< for all of a batch
constexpr std::chrono::seconds kPollPause{2};

}  // namespace

net::Task<void> Sweeper::run() {
  while (!stopping_) {
    const bool more = co_await sweep_next();
    if (!more) co_await wake_.wait(net::deadline_in(kLook));
  }
}

/// False when nothing is due, or the database does not say.
net::Task<bool> Sweeper::sweep_next() {
  std::function<Result<std::optional<SweepBatch>>(SqlTransaction&)> claim = claim_sweep;
  const auto batch = co_await database_.run<std::optional<SweepBatch>>(std::move(claim));
  if (!batch) log(LogLevel::kInfo, "no sweep claimed: {}", batch.error().detail);
  if (!batch || !*batch) co_return false;
  const auto answers = co_await sweep(**batch);
  std::function<Result<bool>(SqlTransaction&)> take =
      [batch = **batch, answers](SqlTransaction& transaction) -> Result<bool> {
    for (const auto& instance : batch.instances) {
      const auto at = answers.find(instance);
      const auto answer =
          at == answers.end() ? std::optional<ScriptAnswer>() : std::optional(at->second);
      if (auto taken = take_sweep(transaction, batch, instance, answer); !taken)
        return taken.error();
    }
    return true;
  };
  const auto taken = co_await database_.run<bool>(std::move(take));
  if (!taken) log(LogLevel::kInfo, "sweep not noted: {}", taken.error().detail);
  co_return taken.has_value();
}

net::Task<Sweeper::Answers> Sweeper::sweep(const SweepBatch& batch) {
  Answers answers;
  const auto account = config_.accounts.find(batch.account);
  auto script = render_sweep_script(batch.live, batch.issued);
  if (!script) log_line("sweep: " + escape_for_terminal(script.error().detail));
  if (!script || account == config_.accounts.end()) co_return answers;
  auto& ssm = access_.provisioning(account->second, batch.region);
  co_await send(ssm, batch.instances, std::move(*script), answers);
  co_return answers;
}

/// One that is offline has the whole call refused: then one by one.
net::Task<void> Sweeper::send(aws::Ssm& ssm, std::vector<std::string> instances,
                              std::string script, Answers& answers) {
  auto request = wire::aws::make_shell_command(instances, script, kScriptTime);
  request.comment = "Passport sweep";
  const auto command =
      co_await ssm.send_command(std::move(request), net::deadline_in(kCallTime));
  if (command) {
    co_await poll(ssm, *command, instances.size(), answers);
  } else if (command.service_code() == "InvalidInstanceId" && instances.size() > 1) {
    for (const auto& instance : instances) {
      std::vector<std::string> one{instance};
      if (!stopping_) co_await send(ssm, std::move(one), script, answers);
    }
  } else {
    log(LogLevel::kInfo, "sweep not sent: {}", command.error().detail);
  }
}

net::Task<void> Sweeper::poll(aws::Ssm& ssm, std::string command, std::size_t wanted,
                              Answers& answers) {
  const auto end = net::deadline_in(kAnswerTime);
  std::set<std::string> ended;
  while (ended.size() < wanted && net::Deadline::clock::now() < end && !stopping_) {
    co_await wake_.wait(net::deadline_in(kPollPause));
    std::string token;
    do {
      const auto page =
          co_await ssm.list_command_invocations(command, token, net::deadline_in(kCallTime));
      if (!page) co_return;
      for (const auto& invocation : page->invocations) {
        if (!is_final(invocation.status) || !ended.insert(invocation.instance_id).second)
          continue;
        if (auto answer = parse_script_answer(invocation.output))
          answers[invocation.instance_id] = std::move(*answer);
      }
      token = page->next_token;
    } while (!token.empty());
  }
}

}  // namespace passport::service
