#include "client/connect.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/run.h"
#include "api/service_client.h"
#include "base/log.h"
#include "base/text.h"
#include "client/ask.h"
#include "client/fzf.h"
#include "client/run_alone.h"
#include "client/style.h"
#include "client/target.h"
#include "client/watch.h"
#include "client/wish.h"
#include "net/command.h"
#include "net/spawn.h"
#include "wire/aws/identifiers.h"

namespace passport::client {
namespace {

constexpr std::chrono::minutes kConfigTime{5};  ///< keys of several requests may be made
constexpr int kRounds = 4;  ///< of looking at what there is: asked for, waited for, there

/// What passport-ssh-config says there is.
struct Found {
  std::string config{};  ///< path
  json::array requests{};
  std::vector<Target> targets{};
};

/// A step's value, or the exit status with which to leave. What is to be said has been said.
template <class T>
struct Step {
  std::optional<T> value{};
  int status = EX_OK;
};

std::int64_t now() {
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
}

int status_of(int waited) {
  return WIFEXITED(waited) ? WEXITSTATUS(waited) : 128 + WTERMSIG(waited);
}

/// Has the configuration written and learns what there is: one call of the service for both.
Step<Found> look(const ConnectWish& wish) {
  net::Command command;
  command.words = {net::find_program("passport-ssh-config"), "--json"};
  if (!wish.key_type.empty()) {
    command.words.emplace_back("--keyType");
    command.words.push_back(wish.key_type);
  }
  command.most_output = api::kMaxAnswer;
  const auto end =
      run_alone(net::run_command(std::move(command), net::deadline_in(kConfigTime)));
  if (!end) return {{}, report(end.error())};
  if (end->status != 0) return {{}, status_of(end->status)};  // it has said why
  const auto said =
      parse_json_object(end->output, "what passport-ssh-config says", api::kMaxAnswer);
  if (!said) return {{}, report(said.error())};
  Found out{find_string(*said, "path")};
  if (const auto* requests = find_array(*said, "requests")) out.requests = *requests;
  out.targets = find_targets(out.requests);
  return {std::move(out)};
}

/// One of several, by whoever sits at the terminal.
net::Task<Result<std::optional<std::size_t>>> pick(std::vector<std::string> lines) {
  auto by_fzf = pick_by_fzf(lines, "");
  auto picked = co_await std::move(by_fzf);
  if (picked) co_return picked;
  auto asking = ask_pick(std::move(lines));
  co_return co_await std::move(asking);
}

Step<Target> pick_one(const std::vector<Target>& targets, const std::string& word) {
  if (!is_interactive()) return {{}, report(describe_ambiguity(targets, word))};
  const auto picked = run_alone(pick(render_targets(targets, now())));
  if (!picked) return {{}, report(picked.error())};
  if (!*picked) return {{}, kLeft};
  return {targets[**picked]};
}

/// Those that a list has: what one can use, now or soon, or should.
std::vector<Target> find_open(const std::vector<Target>& targets) {
  std::vector<Target> out;
  std::copy_if(targets.begin(), targets.end(), std::back_inserter(out),
               [](const Target& t) { return t.active() || t.coming() || t.keyless(); });
  return out;
}

/// The one that is meant; none: nullopt and EX_OK.
Step<Target> choose(const Found& found, const std::string& word) {
  if (word.empty()) {
    const auto open = find_open(found.targets);
    if (open.size() > 1) return pick_one(open, word);
    if (open.empty()) return {};
    log_line(describe_target(open.front()) + " is the one that there is");
    return {open.front()};
  }
  const auto match = match_targets(found.targets, word);
  std::vector<Target> matches;
  for (const auto i : match.targets) matches.push_back(found.targets[i]);
  if (matches.empty()) return {};
  if (match.exact && matches.size() == 1) return {matches.front()};
  return pick_one(matches, word);
}

Error describe_absence(const std::string& word) {
  if (word.empty())
    return {Errc::kDenied, "no request of yours is active",
            "ask for access: passport request create"};
  if (wire::aws::is_instance_id(word)) return describe_closed({word, ""});
  return {Errc::kDenied,
          fmt::format("none of the instances that you have access to is called \"{}\"",
                      escape_for_terminal(word, 100)),
          "before there is access an instance is asked for by its id: passport request create"};
}

/// Offers to ask for access where it is not there. EX_OK: it is there now.
int ask_for_access(const Error& why, const std::string& instance) {
  if (!is_interactive()) return report(why);
  log_line(why.detail);
  bool yes = false;
  std::function<Result<void>(const std::string&)> take = [&yes](const std::string& typed) {
    const auto said = parse_yes(typed);
    if (!said) return Result<void>(said.error());
    yes = *said;
    return Result<void>();
  };
  const auto asked = run_alone(ask_until("Ask for access now? [Y/n] ", std::move(take)));
  if (!asked && asked.error().code != Errc::kDenied) return report(asked.error());
  if (!asked || !yes) return kLeft;
  std::vector<std::string> words{net::find_program("passport-request"), "create"};
  if (!instance.empty()) words.push_back(instance);
  const auto end =
      net::run_in_front(words, STDERR_FILENO);  // standard output is for ssh's data
  return end ? status_of(*end) : report(end.error());
}

net::Task<Result<int>> wait_for_target(api::ServiceClient& service, const json::object& request,
                                       const Target& target) {
  const auto executor = co_await net::asio::this_coro::executor;
  Error words{Errc::kUnavailable, target.request + " goes on without this",
              "passport request complete " + target.request + " ends it"};
  Watch watch(executor, style_for(STDERR_FILENO, Colour::kAuto), std::move(words));
  WaitPlan plan;
  plan.only_instance = target.id;
  auto waiting = wait_until_settled(service, request, watch, std::move(plan));
  const auto settled = co_await std::move(waiting);
  if (!settled) co_return settled.error();
  co_return EX_OK;
}

/// Until its user has been made, or cannot be.
int wait_for(const api::Settings& settings, const Found& found, const Target& target) {
  log_line(describe_target(target) + ": its user is being made");
  for (const auto& item : found.requests) {
    const auto* request = item.if_object();
    if (request == nullptr || find_string(*request, "id") != target.request) continue;
    return api::run(settings, [&](api::ServiceClient& service) {
      return wait_for_target(service, *request, target);
    });
  }
  return report({Errc::kInternal, "a request of no list"});
}

int become_ssh(const Found& found, const Target& target, const ConnectWish& wish) {
  std::vector<std::string> words{"ssh", "-F", found.config, target.id};
  words.insert(words.end(), wish.to_ssh.begin(), wish.to_ssh.end());
  return report(net::become(std::move(words)));
}

}  // namespace

int run_connect(const api::Settings& settings, const ConnectWish& wish) {
  auto word = wish.instance;
  for (int round = 0; round < kRounds; ++round) {
    const auto found = look(wish);
    if (!found.value) return found.status;
    const auto chosen = choose(*found.value, word);
    if (!chosen.value && chosen.status != EX_OK) return chosen.status;
    int status = EX_OK;
    if (!chosen.value) {
      status =
          ask_for_access(describe_absence(word), wire::aws::is_instance_id(word) ? word : "");
    } else if (const auto& target = *chosen.value; target.platform == "Windows") {
      return report(describe_closed(target));
    } else if (target.active()) {
      return become_ssh(*found.value, target, wish);
    } else if (target.coming()) {
      word = target.id;
      status = wait_for(settings, *found.value, target);
    } else if (target.keyless() || target.state == "failed" ||
               target.request_state == "pending") {
      return report(describe_closed(target));
    } else {
      word = target.id;  // its time is over
      status = ask_for_access(describe_closed(target), target.id);
    }
    if (status != EX_OK) return status;
  }
  return report(
      {Errc::kTimeout, "there is no access yet", "look again: passport request list"});
}

}  // namespace passport::client
