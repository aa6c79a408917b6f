#include "client/ask.h"

#include <iostream>

#include <unistd.h>

#include "base/log.h"
#include "net/terminal.h"
#include "net/terminal_question.h"

namespace passport::client {
namespace {

constexpr std::chrono::minutes kAnswerTime{10};

void show(const PickList& list) {
  const auto size =
      net::find_terminal_size(STDERR_FILENO).value_or(wire::ssm::TerminalSize{80, 24});
  std::cerr << list.render(std::max(size.rows, 4U) - 3, size.cols) << std::flush;
}

}  // namespace

net::Task<Result<std::string>> ask_line(std::string prompt) {
  auto executor = co_await net::asio::this_coro::executor;
  auto asking =
      net::ask_terminal_line(executor, std::move(prompt), net::deadline_in(kAnswerTime));
  co_return co_await std::move(asking);
}

net::Task<Result<void>> ask_until(std::string prompt,
                                  std::function<Result<void>(const std::string&)> take) {
  for (;;) {
    auto asking = ask_line(prompt);
    const auto answer = co_await std::move(asking);
    if (!answer) co_return answer.error();
    const auto taken = take(*answer);
    if (taken) co_return taken;
    log_line(taken.error().detail);
  }
}

net::Task<Result<std::optional<std::size_t>>> ask_pick(std::vector<std::string> lines) {
  PickList list(std::move(lines));
  show(list);
  for (;;) {
    auto asking = ask_line("number, or part of a name (enter: leave): ");
    const auto typed = co_await std::move(asking);
    // The end of the input leaves as well.
    if (!typed && typed.error().code != Errc::kDenied) co_return typed.error();
    switch (typed ? list.take(*typed) : PickList::Outcome::kLeft) {
      case PickList::Outcome::kLeft:
        if (!typed) std::cerr << '\n';
        co_return std::optional<std::size_t>();
      case PickList::Outcome::kPicked:
        co_return std::optional<std::size_t>(list.picked());
      case PickList::Outcome::kNoMatch:
        log_line("nothing in the list matches that");
        break;
      case PickList::Outcome::kNarrowed:
        break;
    }
    show(list);
  }
}

}  // namespace passport::client
