#include "proxy/plugin.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "net/process.h"
#include "net/terminal.h"
#include "proxy/chosen_side.h"
#include "proxy/forward_side.h"
#include "proxy/plugin_command.h"
#include "proxy/run.h"
#include "proxy/stdio_side.h"
#include "proxy/terminal_side.h"

namespace passport::proxy {
namespace {

constexpr std::string_view kName = "session-manager-plugin";
constexpr std::string_view kSshDocument = "AWS-StartSSHSession";
constexpr std::string_view kShellDocument = "SSM-SessionManagerRunShell";
constexpr std::string_view kForwardDocument = "AWS-StartPortForwardingSession";
constexpr std::string_view kRemoteHostDocument = "AWS-StartPortForwardingSessionToRemoteHost";

constexpr unsigned short kDefaultRemotePort = 80;

using Made = Result<std::unique_ptr<LocalSide>>;

/// The AWS CLI ignores what the keyboard sends while it waits for us, and so would we.
void take_keyboard_signals() {
  for (const int signal : {SIGINT, SIGQUIT, SIGTSTP}) std::signal(signal, SIG_DFL);
}

/// Every process may read the arguments, and the same user's the environment.
void wipe_token(const PluginCommand& command, std::span<char*> arguments) {
  char* text = command.variable.empty() ? arguments[0] : std::getenv(command.variable.c_str());
  if (text != nullptr) std::fill_n(text, std::string_view(text).size(), '*');
  if (!command.variable.empty()) ::unsetenv(command.variable.c_str());
}

/// A profile that AWS_PROFILE names is not chosen against keys in the environment.
std::string choose_profile(const std::string& given) {
  const auto named = aws::find_variable(aws::process_environment(), "AWS_PROFILE");
  return given == named ? std::string() : given;
}

/// Programs wait for this line, and read the session's id in it.
std::string make_greeting(const std::string& session_id) {
  return fmt::format("\nStarting session with SessionId: {}\n", session_id);
}

Result<unsigned short> parse_port(const std::string& text, unsigned short otherwise) {
  if (text.empty()) return otherwise;
  unsigned short port = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec == std::errc() && parsed.ptr == end) return port;
  return Error{Errc::kUsage,
               fmt::format("\"{}\" is not a port", escape_for_terminal(text, 64))};
}

wire::ssm::TerminalSize find_size() {
  for (const int descriptor : {STDOUT_FILENO, STDIN_FILENO})
    if (const auto size = net::find_terminal_size(descriptor)) return *size;
  return wire::ssm::kNoTerminal;
}

Made make_stdio(const net::asio::any_io_executor& executor) {
  return std::unique_ptr<LocalSide>(std::make_unique<StdioSide>(executor));
}

Made make_terminal(const net::asio::any_io_executor& executor, const std::string& session_id) {
  return std::unique_ptr<LocalSide>(
      std::make_unique<TerminalSide>(executor, make_greeting(session_id)));
}

Made make_forward(const net::asio::any_io_executor& executor, ForwardConfig config) {
  net::raise_descriptor_limit();
  auto side = ForwardSide::listen(executor, std::move(config));
  if (!side) return side.error();
  return std::unique_ptr<LocalSide>(std::move(*side));
}

/// What is not said is a free port here, and port 80 of the target there: the documents' own
/// defaults. Errors: kUsage.
template <class Find>
Result<ForwardConfig> make_forward_config(const std::string& session_id, const Find& find) {
  ForwardConfig config;
  config.plugin_session = session_id;
  ForwardSpec spec;
  spec.host = find("host");
  const auto local = parse_port(find("localPortNumber"), 0);
  const auto remote = parse_port(find("portNumber"), kDefaultRemotePort);
  if (!local) return local.error();
  if (!remote) return remote.error();
  spec.port = *local;
  spec.remote_port = *remote;
  config.specs.push_back(std::move(spec));
  return config;
}

std::string find_parameter(const aws::StartSessionRequest& request, const std::string& name) {
  const auto it = request.parameters.find(name);
  return it == request.parameters.end() || it->second.empty() ? "" : it->second.front();
}

std::string find_property(const wire::ssm::ClientChannel& channel, std::string_view name) {
  for (const auto& [known, value] : channel.properties())
    if (known == name) return value;
  return {};
}

/// For documents of the user's own, whose sessions may be of any kind.
Made make_chosen(const net::asio::any_io_executor& executor, const std::string& session_id) {
  return std::unique_ptr<LocalSide>(
      std::make_unique<ChosenSide>([=](const wire::ssm::ClientChannel& channel) -> Made {
        if (channel.is_shell()) return make_terminal(executor, session_id);
        if (!channel.is_forward()) return make_stdio(executor);
        auto config = make_forward_config(
            session_id, [&](const char* name) { return find_property(channel, name); });
        if (!config) return config.error();
        return make_forward(executor, std::move(*config));
      }));
}

SessionPlan make_plan(PluginCommand command) {
  SessionPlan plan;
  const auto document = command.request.document_name;
  const auto id = command.session.session_id;
  plan.settings = {choose_profile(command.profile), command.region, command.endpoint_url};
  plan.request = std::move(command.request);
  plan.started = std::move(command.session);
  plan.channel.size = find_size();
  if (document == kSshDocument) {
    plan.make_local = make_stdio;
  } else if (document.empty() || document == kShellDocument) {
    plan.channel.accepts = wire::ssm::Accepts::kShell;
    plan.make_local = [id](const auto& executor) { return make_terminal(executor, id); };
  } else if (document == kForwardDocument || document == kRemoteHostDocument) {
    const auto config = make_forward_config(
        id, [&](const char* name) { return find_parameter(plan.request, name); });
    plan.make_local = [config](const auto& executor) -> Made {
      if (!config) return config.error();
      return make_forward(executor, *config);
    };
  } else {
    plan.channel.accepts = wire::ssm::Accepts::kAny;
    plan.make_local = [id](const auto& executor) { return make_chosen(executor, id); };
  }
  return plan;
}

}  // namespace

std::optional<std::span<char*>> find_plugin_arguments(std::span<char*> argv) {
  if (argv.empty()) return std::nullopt;
  const std::string_view program = argv[0];
  if (program.substr(program.rfind('/') + 1) == kName) return argv.subspan(1);
  if (argv.size() > 1 && argv[1] == kName) return argv.subspan(2);
  return std::nullopt;
}

int run_plugin(std::span<char*> arguments) {
  start_log(kName, LogLevel::kNotice);
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  auto command = parse_plugin_command(views, aws::process_environment());
  if (!command) return report(command.error());
  switch (command->kind) {
    case PluginCommand::Kind::kGreeting:
      std::cout << "\nThe Session Manager plugin was installed successfully. "
                   "Use the AWS CLI to start a session.\n\n";
      return EX_OK;
    case PluginCommand::Kind::kVersion:
      // A bare number above 1.2.497.0: then the AWS CLI gives the token in the environment.
      std::cout << wire::ssm::ClientConfig().client_version << '\n';
      return EX_OK;
    case PluginCommand::Kind::kSession:
      break;
  }
  wipe_token(*command, arguments);
  take_keyboard_signals();
  return run_session(make_plan(*std::move(command)));
}

}  // namespace passport::proxy
