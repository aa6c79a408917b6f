#include "config-gen/inventory.h"

#include <cerrno>
#include <cstring>
#include <iostream>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "api/service_client.h"
#include "aws/own_directory.h"
#include "aws/private_file.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"
#include "config-gen/inventory_render.h"
#include "net/command.h"
#include "net/stdio.h"

namespace passport::config_gen {
namespace {

constexpr std::chrono::minutes kPatience{3};  ///< as passport-ssh-config has with the agent

/// What passport-ssh-config prints. It says by itself what goes wrong.
net::Task<void> ask_ssh_config(Result<net::CommandEnd>& out) {
  net::Command command;
  command.words = {net::find_program("passport-ssh-config"), "--json"};
  command.most_output = api::kMaxAnswer;
  out = co_await net::run_command(std::move(command), net::deadline_in(kPatience));
}

Result<InventoryPlan> make_plan(std::string_view said) {
  const auto answer = parse_json_object(said, "passport-ssh-config's answer", api::kMaxAnswer);
  if (!answer) return answer.error();
  InventoryPlan out;
  out.ssh_config = find_string(*answer, "path");
  const auto* requests = find_array(*answer, "requests");
  for (const auto& item : requests != nullptr ? *requests : json::array()) {
    const auto* request = item.if_object();
    if (request == nullptr || find_string(*request, "state") != "active") continue;
    auto access = api::parse_access(*request);
    if (!access) return access.error();
    out.accesses.push_back(std::move(*access));
  }
  return out;
}

Result<std::string> save_inventory_file(const std::vector<std::string>& tag_keys) {
  const auto directory = aws::find_own_directory(aws::process_environment());
  if (!directory) return directory.error();
  if (auto made = aws::make_own_directory(*directory); !made) return made.error();
  std::vector<std::string> words{net::find_program("passport-inventory")};
  for (const auto& key : tag_keys) words.push_back("--group-by-tag=" + key);
  auto path = *directory + "/inventory";
  const auto saved = aws::replace_file(path, render_inventory_file(words), S_IRWXU);
  if (!saved) return saved.error();
  // Where it does not count as executable Ansible would read it as a list of hosts.
  if (::access(path.c_str(), X_OK) != 0)
    return Error{Errc::kConfig,
                 fmt::format("{}: no program can be run from there", escape_for_terminal(path)),
                 "set XDG_RUNTIME_DIR to a folder of your own on another file system"};
  return path;
}

int print(const std::string& line) {
  std::cout << line << '\n';
  const auto printed = net::flush_output();
  return printed ? EX_OK : report(printed.error());
}

}  // namespace

int run_inventory(const InventoryWish& wish) {
  Result<net::CommandEnd> end = Error{Errc::kInternal, "nothing was asked"};
  net::asio::io_context io(1);
  std::exception_ptr thrown;
  net::asio::co_spawn(io, ask_ssh_config(end),
                      [&](std::exception_ptr e) { thrown = std::move(e); });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  if (!end) return report(end.error());
  if (WIFEXITED(end->status) && end->status != 0) return WEXITSTATUS(end->status);
  if (end->status != 0)
    return report(
        {Errc::kUnavailable, "passport-ssh-config: " + net::describe_status(end->status)});
  auto plan = make_plan(end->output);
  if (!plan) return report(plan.error());
  plan->tag_keys = wish.tag_keys;
  const auto inventory = render_inventory(std::move(*plan));
  const auto* host = find_host_variables(inventory, wish.host);
  const auto text = wish.host.empty() ? render_json(inventory)
                    : host != nullptr ? render_json(*host)
                                      : "{}";  // as Ansible has it
  return print(text);
}

int run_inventory_path(const std::vector<std::string>& tag_keys) {
  const auto path = save_inventory_file(tag_keys);
  if (!path) return report(path.error());
  return print(*path);
}

}  // namespace passport::config_gen
