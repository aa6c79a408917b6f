// passport-auth: who this user is to passportd.
#include <exception>
#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "api/run.h"
#include "base/log.h"
#include "base/version.h"
#include "client/login.h"
#include "client/run_alone.h"
#include "net/process.h"
#include "net/signals.h"
#include "net/stdio.h"
#include "net/terminal_question.h"

namespace po = boost::program_options;
using namespace passport;
using namespace passport::client;

namespace {

constexpr char kUsage[] =
    "usage: passport-auth login [--token-stdin]\n"
    "       passport-auth status [--json]\n"
    "       passport-auth logout\n";

constexpr std::chrono::minutes kAnswerTime{5};

struct CommandLine {
  std::string verb{};
  bool token_stdin = false;
  bool json = false;
};

/// Throws po::error.
CommandLine parse_arguments(const std::vector<std::string>& args) {
  CommandLine c;
  po::options_description visible("options");
  visible.add_options()("token-stdin", po::bool_switch(&c.token_stdin),
                        "login: read the token from standard input")(
      "json", po::bool_switch(&c.json), "status: print JSON")("help,h", "print this and exit")(
      "version", "print the version and exit");
  po::options_description all;
  all.add(visible).add_options()("verb", po::value(&c.verb));
  po::positional_options_description positional;
  positional.add("verb", 1);
  const auto style =
      po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
  po::variables_map vm;
  po::store(
      po::command_line_parser(args).options(all).positional(positional).style(style).run(), vm);
  if (vm.count("help") > 0) {
    std::cout << kUsage << visible;
    std::exit(EX_OK);
  }
  if (vm.count("version") > 0) {
    std::cout << "passport-auth " << kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  if (c.verb != "login" && c.verb != "status" && c.verb != "logout")
    throw po::error(c.verb.empty() ? "a verb is missing"
                                   : fmt::format("\"{}\" is no verb", c.verb));
  return c;
}

net::Task<Result<Secret>> ask() {
  auto executor = co_await net::asio::this_coro::executor;
  auto asking = net::ask_terminal(executor, "Token: ", net::deadline_in(kAnswerTime));
  co_return co_await std::move(asking);
}

}  // namespace

int main(int argc, char** argv) try {
  net::reserve_standard_descriptors();
  net::forbid_core_dumps();
  net::ignore_sigpipe();
  start_log("passport-auth", LogLevel::kNotice);
  const auto c = parse_arguments({argv + 1, argv + argc});
  const auto settings = api::load_service_settings(aws::process_environment());
  if (!settings) return report(settings.error());
  if (c.verb == "status") return print_status(*settings, c.json);
  if (c.verb == "logout") return log_out(*settings);
  const auto token = c.token_stdin ? api::load_token("/dev/stdin") : run_alone(ask());
  if (!token) return report(token.error());
  return log_in(*settings, *token);
} catch (const po::error& e) {
  log_line(e.what());
  std::cerr << kUsage;
  return EX_USAGE;
} catch (const std::exception& e) {
  log_line(e.what());
  return EX_SOFTWARE;
}
