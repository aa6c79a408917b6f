#include "client/copy/config.h"

#include <optional>

#include <boost/asio/detached.hpp>
#include <sys/wait.h>

#include "base/text.h"
#include "client/copy/ssh_dump.h"
#include "net/command.h"

namespace passport::copy {
namespace {

constexpr std::chrono::seconds kConfigPatience{150};  // keys may have to be made
constexpr std::chrono::seconds kDumpPatience{30};

net::Task<void> run_into(net::Command command, std::chrono::seconds patience,
                         std::optional<Result<net::CommandEnd>>& into) {
  into = co_await net::run_command(std::move(command), net::deadline_in(patience));
}

Result<net::CommandEnd> run(net::Command command, std::chrono::seconds patience) {
  net::asio::io_context context;
  std::optional<Result<net::CommandEnd>> out;
  auto task = run_into(std::move(command), patience, out);
  net::asio::co_spawn(context, std::move(task), net::asio::detached);
  context.run();
  return std::move(*out);
}

}  // namespace

Result<std::string> find_config(int& status) {
  const auto program = net::find_program("passport-ssh-config");
  const auto end = run({.words = {program}}, kConfigPatience);
  if (!end) return Error{end.error().code, "passport-ssh-config: " + end.error().detail};
  status = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : 70;
  if (status != 0) return Error{Errc::kUnavailable, "passport-ssh-config has failed"};
  auto path = end->output.substr(0, end->output.find('\n'));
  return path;
}

Result<api::SshTarget> find_target(const std::string& config, const std::string& host) {
  const auto end = run({.words = {"ssh", "-G", "-T", "-F", config, "--", host}, .alone = true},
                       kDumpPatience);
  if (!end) return Error{end.error().code, "ssh: " + end.error().detail};
  if (end->status != 0)
    return Error{Errc::kConfig,
                 escape_for_terminal(end->errors.substr(0, end->errors.find('\n')))};
  const auto at = host.rfind('@');
  const auto name = at == std::string::npos ? host : host.substr(at + 1);
  auto target = parse_ssh_dump(end->output, name);
  if (target || target.error().code != Errc::kNotFound) return target;
  return Error{
      Errc::kDenied, "no request of yours is active for it",
      "ask for access: passport request create --reason ... " + escape_for_terminal(name)};
}

}  // namespace passport::copy
