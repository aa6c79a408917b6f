#include "service/notices.h"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "net/command.h"
#include "service/logbook.h"
#include "service/request_actions.h"

namespace passport::service {
namespace {

constexpr std::chrono::seconds kLook{5};     ///< for what another process left
constexpr Millis kFirstPause = 5 * kSecond;  ///< after a failure; doubled each time
constexpr Millis kLongestPause = 600 * kSecond;
constexpr std::int64_t kMaxNamed = 20;  ///< instances in a notice

Result<std::string> render_notice(SqlTransaction& transaction, const Notice& notice) {
  const auto stored = load_request(transaction, notice.request);
  if (!stored) return stored.error();
  if (!*stored) return Error{Errc::kInternal, "database: a notice of no request"};
  const auto named = transaction.query(
      "SELECT instance FROM request_instance WHERE request = $1 ORDER BY instance LIMIT $2",
      {notice.request, kMaxNamed});
  if (!named) return named.error();
  const auto all = transaction.query("SELECT count(*) FROM request_instance WHERE request = $1",
                                     {notice.request});
  if (!all) return all.error();
  auto out = describe_request((*stored)->request);
  out["event"] = notice.event;
  json::array instances;
  for (const auto& row : *named) instances.emplace_back(row.text(0));
  out["instances"] = std::move(instances);
  out["instance_count"] = all->at(0).integer(0);
  return json::serialize(out) + "\n";
}

/// Empty: the program did it.
std::string why_not(const Result<net::CommandEnd>& end) {
  if (!end) return end.error().detail;
  if (end->status == 0) return {};
  const auto said = end->errors.substr(0, end->errors.find('\n'));
  return net::describe_status(end->status) + (said.empty() ? "" : ": " + said);
}

}  // namespace

Result<void> insert_notice(SqlTransaction& transaction, const std::string& request,
                           const std::string& event) {
  const auto inserted =
      transaction.query("INSERT INTO notice (request, event, next_at) VALUES ($1, $2, $3)",
                        {request, event, transaction.now()});
  if (!inserted) return inserted.error();
  return {};
}

Result<std::optional<Notice>> claim_notice(SqlTransaction& transaction) {
  const auto due = transaction.query(
      std::string("SELECT request, event FROM notice WHERE over_at = 0 AND next_at <= $1 "
                  "ORDER BY next_at LIMIT 1") +
          transaction.skip_locked(),
      {transaction.now()});
  if (!due) return due.error();
  if (due->empty()) return std::optional<Notice>();
  Notice out{due->at(0).text(0), due->at(0).text(1)};
  const auto taken = transaction.query(
      "UPDATE notice SET attempts = attempts + 1, next_at = $3 WHERE request = $1 AND event = "
      "$2 "
      "RETURNING attempts",
      {out.request, out.event, transaction.now() + kNoticeLease});
  if (!taken) return taken.error();
  out.attempts = taken->at(0).integer(0);
  auto text = render_notice(transaction, out);
  if (!text) return text.error();
  out.text = std::move(*text);
  return std::optional(std::move(out));
}

Result<bool> take_told(SqlTransaction& transaction, const Notice& notice,
                       const std::string& why) {
  const auto now = transaction.now();
  const auto since = transaction.query("SELECT created_at FROM access_request WHERE id = $1",
                                       {notice.request});
  if (!since) return since.error();
  const bool over = why.empty() || now > since->at(0).integer(0) + kNoticePatience;
  const auto pause =
      std::min(kFirstPause << std::min<std::int64_t>(notice.attempts - 1, 10), kLongestPause);
  const auto updated = transaction.query(
      "UPDATE notice SET over_at = $3, next_at = $4 WHERE request = $1 AND event = $2 AND "
      "over_at = 0 RETURNING request",
      {notice.request, notice.event, over ? now : 0, now + pause});
  if (!updated) return updated.error();
  if (updated->empty() || !over) return true;
  json::object details{{"attempts", notice.attempts}};
  if (!why.empty()) details["error"] = why;
  const auto logged =
      append_log(transaction, {"passportd", "notice." + notice.event, notice.request,
                               why.empty() ? "ok" : "failed", std::move(details)});
  if (!logged) return logged.error();
  return true;
}

net::Task<void> Notices::run() {
  while (!stopping_ && !config_.notify.empty()) {
    const bool more = co_await tell_next();
    if (!more) co_await wake_.wait(net::deadline_in(kLook));
  }
}

net::Task<bool> Notices::tell_next() {
  std::function<Result<std::optional<Notice>>(SqlTransaction&)> claim = claim_notice;
  const auto notice = co_await database_.run<std::optional<Notice>>(std::move(claim));
  if (!notice) log(LogLevel::kInfo, "no notice claimed: {}", notice.error().detail);
  if (!notice || !*notice) co_return false;
  net::Command command;
  command.words = {config_.notify};
  command.input = (*notice)->text;
  command.alone = true;
  command.bare = true;
  const auto end = co_await net::run_command(std::move(command), net::deadline_in(kNoticeTime));
  const auto why = escape_for_terminal(why_not(end), net::kMaxCommandErrors);
  if (!why.empty())
    log_line(fmt::format("{}: {} not told: {}", (*notice)->request, (*notice)->event, why));
  std::function<Result<bool>(SqlTransaction&)> told = [told = **notice,
                                                       why](SqlTransaction& transaction) {
    return take_told(transaction, told, why);
  };
  const auto noted = co_await database_.run<bool>(std::move(told));
  if (!noted) log(LogLevel::kInfo, "notice not noted: {}", noted.error().detail);
  co_return noted.has_value();
}

}  // namespace passport::service
