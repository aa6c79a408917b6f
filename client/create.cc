#include "client/create.h"

#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "client/ask.h"
#include "client/repeat_key.h"
#include "client/request_text.h"
#include "client/style.h"

namespace passport::client {
namespace {

using api::ServiceClient;

/// A task that gives nullopt when the user has left.
template <class T>
using Asked = net::Task<Result<std::optional<T>>>;

Error missing(const char* what, const std::string& choices) {
  return {Errc::kUsage, fmt::format("create wants {}, or one in passport.conf", what),
          choices.empty() ? "" : "one of " + choices};
}

/// The one that there is, or the one that is picked.
Asked<std::string> choose(const char* title, const char* option,
                          std::vector<std::string> choices) {
  if (choices.size() == 1) co_return std::optional(choices.front());
  for (auto& choice : choices) choice = escape_for_terminal(choice, 100);
  if (!is_interactive()) co_return missing(option, fmt::format("{}", fmt::join(choices, ", ")));
  std::cerr << title << '\n';
  auto picking = ask_pick(choices);
  const auto picked = co_await std::move(picking);
  if (!picked) co_return picked.error();
  if (!*picked) co_return std::optional<std::string>();
  co_return std::optional(choices[**picked]);
}

/// The account and region, where they are not given. False: the user has left.
net::Task<Result<bool>> find_place(ServiceClient& service, RequestWish& wish) {
  if (!wish.account.empty() && !wish.region.empty()) co_return true;
  auto asked = service.call_again("GET", "/v1/accounts", {});
  const auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  const auto accounts = find_open_accounts(*answer);
  if (wish.account.empty()) {
    std::vector<std::string> ids;
    for (const auto& account : accounts) ids.push_back(account.id);
    if (ids.empty())
      co_return Error{Errc::kDenied, "there is no account in which you may ask for access"};
    auto choosing = choose("Account:", "an --account", std::move(ids));
    const auto chosen = co_await std::move(choosing);
    if (!chosen) co_return chosen.error();
    if (!*chosen) co_return false;
    wish.account = **chosen;
  }
  if (!wish.region.empty()) co_return true;
  const auto account =
      std::find_if(accounts.begin(), accounts.end(),
                   [&wish](const OpenAccount& a) { return a.id == wish.account; });
  if (account == accounts.end() || account->regions.empty())
    co_return missing("a --region", "");
  auto choosing = choose("Region:", "a --region", account->regions);
  const auto chosen = co_await std::move(choosing);
  if (!chosen) co_return chosen.error();
  if (!*chosen) co_return false;
  wish.region = **chosen;
  co_return true;
}

/// Keeps what the parser makes of an answer. Not a lambda: its captures would be destroyed
/// twice in a coroutine.
template <class T>
struct Keep {
  Result<T> (*parse)(std::string_view);
  T* into;
  bool may_skip = false;  ///< nothing typed leaves it as it is

  Result<void> operator()(const std::string& typed) const {
    if (may_skip && typed.find_first_not_of(" \t") == std::string::npos) return {};
    auto value = parse(typed);
    if (!value) return value.error();
    *into = std::move(*value);
    return {};
  }
};

/// Instances, reason and what goes with it. False: the user has left.
net::Task<Result<void>> ask_rest(RequestWish& wish, bool lasts_given) {
  if (wish.instances.empty()) {
    std::function<Result<void>(const std::string&)> keep =
        Keep<std::vector<std::string>>{parse_instances, &wish.instances};
    auto asking = ask_until("Instances, by their ids: ", std::move(keep));
    if (const auto good = co_await std::move(asking); !good) co_return good;
  }
  if (!wish.reason.empty()) co_return Result<void>();
  std::function<Result<void>(const std::string&)> keep =
      Keep<std::string>{parse_reason, &wish.reason};
  auto asking = ask_until("Reason, which is recorded: ", std::move(keep));
  if (const auto good = co_await std::move(asking); !good) co_return good;
  if (wish.ticket.empty()) {
    keep = Keep<std::string>{parse_ticket, &wish.ticket};
    auto next = ask_until("Ticket (enter: none): ", keep);
    if (const auto good = co_await std::move(next); !good) co_return good;
  }
  if (lasts_given) co_return Result<void>();
  keep = Keep<std::chrono::seconds>{parse_lasts, &wish.lasts, true};
  auto last = ask_until("For how long (enter: 1h): ", std::move(keep));
  co_return co_await std::move(last);
}

net::Task<Result<bool>> confirm(const RequestWish& wish) {
  std::cerr << '\n' << render_wish(wish);
  bool yes = false;
  std::function<Result<void>(const std::string&)> keep = Keep<bool>{parse_yes, &yes};
  auto asking = ask_until("Ask for this? [Y/n] ", std::move(keep));
  if (const auto good = co_await std::move(asking); !good) co_return good.error();
  co_return yes;
}

bool is_definite(const Error& error) {
  return error.code != Errc::kUnavailable && error.code != Errc::kTimeout &&
         error.code != Errc::kThrottled;
}

}  // namespace

Asked<RequestWish> complete_wish(ServiceClient& service, const RequestCommand& command) {
  auto wish = command.wish;
  const bool whole = !wish.instances.empty() && !wish.reason.empty();
  if (!whole && !is_interactive())
    co_return Error{Errc::kUsage, wish.instances.empty() ? "create wants an INSTANCE"
                                                         : "create wants a --reason"};
  auto placing = find_place(service, wish);
  const auto placed = co_await std::move(placing);
  if (!placed) co_return placed.error();
  if (!*placed) co_return std::optional<RequestWish>();
  if (whole) co_return std::optional(std::move(wish));
  auto asking = ask_rest(wish, command.lasts_given);
  const auto asked = co_await std::move(asking);
  // The end of the input: the user leaves.
  if (!asked && asked.error().code == Errc::kDenied) co_return std::optional<RequestWish>();
  if (!asked) co_return asked.error();
  auto confirming = confirm(wish);
  const auto confirmed = co_await std::move(confirming);
  if (!confirmed && confirmed.error().code != Errc::kDenied) co_return confirmed.error();
  if (!confirmed || !*confirmed) co_return std::optional<RequestWish>();
  co_return std::optional(std::move(wish));
}

net::Task<Result<json::object>> make_request(ServiceClient& service,
                                             const std::string& token_file,
                                             const RequestWish& wish, Watch& watch) {
  const auto body = body_of(wish);
  for (;;) {
    const RepeatKey key(token_file, body);
    auto asked = service.call_again("POST", "/v1/requests", body, key.key());
    auto made = co_await std::move(asked);
    if (made || is_definite(made.error())) key.forget();
    if (!made) co_return made;
    // What was asked for before may be over by now: then this is a new wish.
    if (key.used_before() && made->contains("finished_at")) continue;
    const auto id = escape_for_terminal(find_string(*made, "id"));
    watch.says({Errc::kUnavailable, id + " goes on without this",
                "passport request complete " + id + " ends it, passport request show " + id +
                    " says how it stands"});
    // Whoever stops waiting has to know what there is to be ended.
    log_line("made " + id);
    co_return made;
  }
}

}  // namespace passport::client
