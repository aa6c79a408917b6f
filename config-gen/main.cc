// passport-ssh-config: writes the ssh_config of what a user has access to.
#include <exception>
#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "config-gen/ssh_config.h"
#include "net/signals.h"
#include "net/stdio.h"

namespace po = boost::program_options;
using namespace passport;
using namespace passport::config_gen;

namespace {

constexpr char kUsage[] =
    "usage: passport-ssh-config [--keyType TYPE] [--i INSTANCE]... [--no-control-master]\n"
    "                           [--output FILE | --include] [--print | --json]\n"
    "                           [--watch [--every TIME] [--foreground]]\n"
    "       passport-ssh-config --no-include\n";

constexpr std::chrono::hours kMostBetween{1};

po::options_description visible_options(SshConfigWish& wish, bool& alone) {
  po::options_description d("options");
  d.add_options()("keyType", po::value(&wish.key_type)->value_name("TYPE"),
                  "ed25519, rsa or all, the default; also --key-type")(
      "i", po::value(&wish.instances)->value_name("INSTANCE"),
      "fail unless it can be used now; its id or its name; may be given again")(
      "no-control-master", po::bool_switch(&alone), "a connection for each ssh")(
      "output", po::value(&wish.output)->value_name("FILE"), "write to this file instead")(
      "print", po::bool_switch(&wish.print), "print the text, not the path")(
      "include", po::bool_switch(&wish.include), "have ~/.ssh/config include it")(
      "no-include", po::bool_switch(&wish.exclude), "take that back, and do nothing else")(
      "watch", po::bool_switch(&wish.watch), "keep it current, in the background")(
      "foreground", po::bool_switch(&wish.foreground), "--watch: in this process")(
      "every", po::value<std::string>()->value_name("TIME")->default_value("15s"),
      "--watch: how often the service is asked")("json", po::bool_switch(&wish.json),
                                                 "print the path and the requests, as JSON")(
      "help,h", "print this and exit")("version", "print the version and exit");
  return d;
}

/// Throws po::error.
void check(const SshConfigWish& wish) {
  if (wish.print && wish.json) throw po::error("--print and --json exclude each other");
  if ((wish.include || wish.exclude) && !wish.output.empty())
    throw po::error("--output and --include exclude each other: what is included has a place");
  if (wish.include && wish.exclude)
    throw po::error("--include and --no-include exclude each other");
  if (wish.foreground && wish.include)
    throw po::error("--foreground and --include exclude each other: include it first");
  if (wish.foreground && !wish.instances.empty())
    throw po::error("--foreground and --i exclude each other: it stays whatever can be used");
  if (wish.foreground && !wish.watch) throw po::error("--foreground is for --watch");
}

/// Throws po::error.
SshConfigWish parse_arguments(std::vector<std::string> args) {
  SshConfigWish out;
  bool alone = false;
  constexpr std::string_view kOtherName = "--key-type";
  for (auto& arg : args)
    if (to_lower(arg.substr(0, arg.find('='))) == kOtherName)
      arg.replace(0, kOtherName.size(), "--keyType");
  const auto visible = visible_options(out, alone);
  // Its options begin with two dashes, "--i" as well.
  const auto style =
      (po::command_line_style::default_style | po::command_line_style::long_case_insensitive) &
      ~po::command_line_style::allow_guessing;
  po::variables_map vm;
  po::store(po::command_line_parser(args).options(visible).style(style).run(), vm);
  if (vm.count("help") > 0) {
    std::cout << kUsage << visible;
    std::exit(EX_OK);
  }
  if (vm.count("version") > 0) {
    std::cout << "passport-ssh-config " << kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  out.share_connections = !alone;
  const auto type = std::exchange(out.key_type, to_lower(out.key_type));
  if (out.key_type != "all" && out.key_type != "ed25519" && out.key_type != "rsa")
    throw po::error(fmt::format("--keyType \"{}\" is none of ed25519, rsa and all", type));
  if (vm.count("output") > 0 && out.output.empty()) throw po::error("--output names no file");
  const auto every = parse_duration(vm["every"].as<std::string>(), kMostBetween);
  if (!every || every->count() == 0)
    throw po::error(fmt::format("--every \"{}\" is not a time up to 1h, as 90s or 10m",
                                vm["every"].as<std::string>()));
  out.every = *every;
  check(out);
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  net::reserve_standard_descriptors();
  net::ignore_sigpipe();
  start_log("passport-ssh-config", LogLevel::kNotice);
  const auto wish = parse_arguments({argv + 1, argv + argc});
  const auto settings = api::load_service_settings(aws::process_environment());
  if (!settings) return report(settings.error());
  return run_ssh_config(*settings, wish);
} catch (const po::error& e) {
  log_line(e.what());
  std::cerr << kUsage;
  return EX_USAGE;
} catch (const std::exception& e) {
  log_line(e.what());
  return EX_SOFTWARE;
}
