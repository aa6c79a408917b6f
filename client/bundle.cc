#include "client/bundle.h"

#include <algorithm>
#include <ctime>
#include <iostream>

#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "aws/private_file.h"
#include "base/log.h"
#include "base/text.h"
#include "client/doctor.h"
#include "client/program.h"
#include "net/command.h"
#include "net/stdio.h"
#include "net/terminal_question.h"

namespace passport::client {
namespace {

constexpr std::chrono::seconds kOthersTime{5};  ///< for another program's answer
constexpr std::chrono::minutes kAnswerTime{5};

std::int64_t now() {
  return std::time(nullptr);
}

std::string default_output() {
  const std::time_t time = now();
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char out[64];
  return {out, std::strftime(out, sizeof out, "passport-%Y%m%dT%H%M%SZ.tar.gz", &parts)};
}

net::Task<std::string> output_of(std::vector<std::string> words) {
  auto running = run_program(std::move(words), net::deadline_in(kOthersTime));
  const auto end = co_await std::move(running);
  co_return end && end->status == 0 ? end->output : std::string();
}

/// What no check asks for.
net::Task<void> ask_others(Exam& exam) {
  const std::vector<std::string> agent{net::find_program("passport-agent"), "status", "--json"};
  const std::vector<std::string> systemd{
      "systemctl",
      "--user",
      "show",
      "--property",
      "Id,LoadState,UnitFileState,ActiveState,SubState,Result,ExecMainStatus",
      "passport-agent.socket",
      "passport-agent.service"};
  auto asking = output_of(agent);
  exam.status = co_await std::move(asking);
  auto again = output_of(systemd);
  exam.units = co_await std::move(again);
}

net::Task<void> ask(std::string question, Result<std::string>& answer) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto asking =
      net::ask_terminal_line(executor, std::move(question), net::deadline_in(kAnswerTime));
  answer = co_await std::move(asking);
}

void run_alone(net::asio::io_context& io, net::Task<void> task) {
  std::exception_ptr thrown;
  net::asio::co_spawn(io, std::move(task),
                      [&](std::exception_ptr e) { thrown = std::move(e); });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
}

std::string render_list(const std::vector<ArchiveEntry>& entries) {
  std::string out;
  for (const auto& entry : entries)
    out += fmt::format("{:>8}  {}\n", entry.content.size(), entry.name);
  return out;
}

int finish_output() {
  const auto done = net::flush_output();
  return done ? EX_OK : report(done.error());
}

int print(const std::vector<ArchiveEntry>& entries, const std::string& name) {
  const auto at = std::find_if(entries.begin(), entries.end(),
                               [&](const ArchiveEntry& entry) { return entry.name == name; });
  if (at == entries.end())
    return report({Errc::kUsage, fmt::format("there is no entry \"{}\"", name),
                   "passport-diagnostics bundle --list shows them"});
  for (std::string_view rest = at->content; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    std::cout << escape_for_terminal(line, line.size()) << '\n';
  }
  return finish_output();
}

/// nullopt: go on; else the exit status.
std::optional<int> confirm(const std::string& output) {
  net::asio::io_context io(1);
  Result<std::string> answer = std::string();
  run_alone(io, ask(fmt::format("Write this to {}? [y/N] ", output), answer));
  if (!answer) return report(answer.error());
  if (*answer == "y" || *answer == "Y" || *answer == "yes") return {};
  log_line("nothing is written");
  return EX_OK;
}

Result<void> write(const BundleWish& wish, const std::string& output,
                   const std::string& archive) {
  if (output == "-") {
    std::cout << archive;
    return net::flush_output();
  }
  auto saved = wish.force ? aws::save_private_file(output, archive)
                          : aws::create_private_file(output, archive);
  if (!saved) return saved;
  std::cout << output << '\n';
  return net::flush_output();
}

Result<void> check_output(const BundleWish& wish, const std::string& output) {
  if (wish.list || !wish.print.empty()) return {};
  if (output == "-" && ::isatty(STDOUT_FILENO) == 1)
    return Error{Errc::kUsage, "an archive is nothing for a terminal", "name a file: --output"};
  if (!wish.force && output != "-" && ::access(output.c_str(), F_OK) == 0)
    return Error{Errc::kConflict, output + " is there already", "replace it: --force"};
  if (!wish.yes && (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0))
    return Error{Errc::kUsage, "there is nobody to ask whether to write it",
                 "look at it with --list and --print, then say --yes"};
  return {};
}

}  // namespace

int run_bundle(const BundleWish& wish) {
  const auto output = wish.output.empty() ? default_output() : wish.output;
  if (const auto good = check_output(wish, output); !good) return report(good.error());
  Exam exam;
  exam.wish = wish.doctor;
  const auto findings = examine(exam, [](const Finding&) {});
  net::asio::io_context io(1);
  run_alone(io, ask_others(exam));
  const auto entries = collect_entries(exam, findings, wish.anonymous);
  if (!entries) return report(entries.error());
  if (!wish.print.empty()) return print(*entries, wish.print);
  const auto list = render_list(*entries);
  if (wish.list) {
    std::cout << list;
    return finish_output();
  }
  std::cerr << list << std::flush;
  if (!wish.yes)
    if (const auto left = confirm(output)) return *left;
  const auto archive = make_archive(*entries, now());
  if (!archive) return report(archive.error());
  const auto written = write(wish, output, *archive);
  return written ? EX_OK : report(written.error());
}

}  // namespace passport::client
