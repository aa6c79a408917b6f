// passport-ssh-config: writes the ssh_config of what a user has access to.
#include <exception>
#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/version.h"
#include "config-gen/ssh_config.h"
#include "net/signals.h"
#include "net/stdio.h"
#include "wire/aws/identifiers.h"

namespace po = boost::program_options;
using namespace passport;
using namespace passport::config_gen;

namespace {

constexpr char kUsage[] =
    "usage: passport-ssh-config [--keyType TYPE] [--i INSTANCE]... [--no-control-master] "
    "[--json]\n";

/// Throws po::error.
SshConfigWish parse_arguments(const std::vector<std::string>& args) {
  SshConfigWish out;
  bool alone = false;
  po::options_description d("options");
  d.add_options()("keyType",
                  po::value(&out.key_type)->value_name("TYPE")->default_value(out.key_type),
                  "ed25519, rsa or all")("i", po::value(&out.instances)->value_name("INSTANCE"),
                                         "fail unless it can be used now; may be given again")(
      "no-control-master", po::bool_switch(&alone), "a connection for each ssh")(
      "json", po::bool_switch(&out.json), "print the path and the requests, as JSON")(
      "help,h", "print this and exit")("version", "print the version and exit");
  // Its options begin with two dashes, "--i" as well.
  const auto style =
      po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
  po::variables_map vm;
  po::store(po::command_line_parser(args).options(d).style(style).run(), vm);
  if (vm.count("help") > 0) {
    std::cout << kUsage << d;
    std::exit(EX_OK);
  }
  if (vm.count("version") > 0) {
    std::cout << "passport-ssh-config " << kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  out.share_connections = !alone;
  if (out.key_type != "all" && out.key_type != "ed25519" && out.key_type != "rsa")
    throw po::error(
        fmt::format("--keyType \"{}\" is none of ed25519, rsa and all", out.key_type));
  for (const auto& instance : out.instances)
    if (!wire::aws::is_instance_id(instance))
      throw po::error(fmt::format("\"{}\" is not the id of an instance", instance));
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
