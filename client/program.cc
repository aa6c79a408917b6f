#include "client/program.h"

#include <algorithm>

#include <sys/wait.h>
#include <sysexits.h>

#include "net/command.h"

namespace passport::client {
namespace {

constexpr std::size_t kMaxOutput = 4 << 20;  ///< bytes: keys of a thousand requests

}  // namespace

net::Task<Result<ProgramEnd>> run_program(std::vector<std::string> words,
                                          net::Deadline deadline) {
  net::Command command;
  command.words = std::move(words);
  command.alone = true;
  command.most_output = kMaxOutput;
  auto running = net::run_command(std::move(command), deadline);
  auto end = co_await std::move(running);
  if (!end) co_return end.error();
  co_return ProgramEnd{WIFEXITED(end->status) ? WEXITSTATUS(end->status) : EX_SOFTWARE,
                       std::move(end->output), std::move(end->errors)};
}

std::string first_line(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

}  // namespace passport::client
