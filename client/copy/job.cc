#include "client/copy/job.h"

#include <fmt/format.h>

#include "aws/environment.h"
#include "client/copy/download.h"
#include "client/copy/upload.h"

namespace passport::copy {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kTick = 50ms;
constexpr auto kJournalGap = 1s;

/// Where journals of copies to instances are; empty when there is no place.
std::string journal_folder() {
  const auto environment = aws::process_environment();
  const auto state = aws::find_variable(environment, "XDG_STATE_HOME");
  if (state.starts_with('/')) return state + "/passport/copies";
  const auto home = aws::find_variable(environment, "HOME");
  return home.starts_with('/') ? home + "/.local/state/passport/copies" : "";
}

}  // namespace

CopyJob::CopyJob(Setup setup, const EndSignals& signals)
    : setup_(std::move(setup)), signals_(signals) {
  auto stop = stop_.get_token();
  if (setup_.wish.to_here) {
    direction_ = std::make_unique<Download>(setup_.wish, report_, std::move(stop));
  } else {
    direction_ = std::make_unique<Upload>(setup_.wish, report_, std::move(stop),
                                          journal_folder(), setup_.target.user);
  }
}

std::optional<int> CopyJob::run() {
  ProgressLine line(setup_.quiet);
  began_ = steady_clock::now();
  {
    const auto find_target = [this](bool again) -> Result<api::SshTarget> {
      return again ? setup_.find_again(true) : setup_.target;
    };
    Crew crew(setup_.wish.host, setup_.sessions, find_target, *direction_, queue_, report_,
              stop_);
    watch(crew, line);
    if (crew.no_sftp()) return std::nullopt;
  }
  for (const auto& file : queue_.unfinished()) direction_->leave(*file, true);
  return conclude(line);
}

void CopyJob::watch(Crew& crew, ProgressLine& line) {
  auto saved = began_;
  for (crew.tick(began_); !crew.over();) {
    if (const int signal = signals_.wait(kTick); signal != 0) {
      signal_ = signal;
      queue_.abandon();
      stop_.request_stop();
    }
    // Nothing is waited for any more, as for a session that does not answer.
    if (queue_.totals().over) stop_.request_stop();
    const auto now = steady_clock::now();
    crew.tick(now);
    most_sessions_ = std::max(most_sessions_, crew.sessions());
    line.show(now, progress(crew.sessions()));
    if (now - saved < kJournalGap) continue;
    saved = now;
    queue_.save_journals([this](FileCopy& file, const ByteRanges& done) {
      direction_->save_journal(file, done);
    });
  }
}

Progress CopyJob::progress(unsigned sessions) const {
  const auto totals = queue_.totals();
  Progress out;
  if (totals.files == 1) out.name = base_name(setup_.wish.sources.front());
  out.done = totals.done;
  out.fetched = totals.fetched;
  out.bytes = totals.bytes;
  out.files_done = totals.files_done;
  out.files = totals.files;
  out.all_found = totals.all_found;
  out.sessions = sessions;
  return out;
}

int CopyJob::conclude(ProgressLine& line) {
  line.clear();
  const auto totals = queue_.totals();
  if (signal_ != 0) {
    std::string kept;
    if (totals.done > kJournalFrom)
      kept = fmt::format(": {} of {} are there; the same command goes on from there",
                         render_size(totals.done), render_size(totals.bytes));
    log_line("interrupted" + kept);
    return 128 + signal_;
  }
  if (report_.status() != EX_OK) return report_.status();
  const std::chrono::duration<double> time = steady_clock::now() - began_;
  const auto rate = static_cast<double>(totals.fetched) / std::max(time.count(), 0.001);
  line.conclude(fmt::format("{} in {:.1f} s, {}/s, {} session{}", render_size(totals.fetched),
                            time.count(), render_size(static_cast<std::uint64_t>(rate)),
                            most_sessions_, most_sessions_ == 1 ? "" : "s"));
  return EX_OK;
}

}  // namespace passport::copy
