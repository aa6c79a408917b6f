// passport-connect: ssh to an instance that one has access to.
#include <algorithm>
#include <exception>
#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "client/connect.h"
#include "net/signals.h"
#include "net/stdio.h"

namespace po = boost::program_options;
using namespace passport;
using namespace passport::client;

namespace {

constexpr char kUsage[] =
    "usage: passport-connect [--keyType TYPE] [INSTANCE] [-- SSH-ARGUMENT...]\n";

/// Throws po::error.
ConnectWish parse_arguments(std::vector<std::string> args) {
  ConnectWish out;
  // What stands after "--" is ssh's, whatever it looks like.
  const auto end = std::find(args.begin(), args.end(), "--");
  if (end != args.end()) out.to_ssh.assign(end + 1, args.end());
  args.erase(end, args.end());
  std::vector<std::string> names;
  po::options_description visible("options");
  visible.add_options()("keyType,key-type", po::value(&out.key_type)->value_name("TYPE"),
                        "ed25519 or rsa; by default what the instance takes")(
      "help,h", "print this and exit")("version", "print the version and exit");
  po::options_description all;
  all.add(visible).add_options()("names", po::value(&names));
  po::positional_options_description positional;
  positional.add("names", -1);
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
    std::cout << "passport-connect " << kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  out.key_type = to_lower(out.key_type);
  if (!out.key_type.empty() && out.key_type != "ed25519" && out.key_type != "rsa")
    throw po::error(fmt::format("--keyType \"{}\" is neither ed25519 nor rsa", out.key_type));
  if (names.size() > 1)
    throw po::error(fmt::format("\"{}\": what is for ssh stands after --", names[1]));
  if (!names.empty()) out.instance = names.front();
  if (!names.empty() && out.instance.empty()) throw po::error("an INSTANCE is not empty");
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  net::reserve_standard_descriptors();
  net::ignore_sigpipe();
  start_log("passport-connect", LogLevel::kNotice);
  const auto wish = parse_arguments({argv + 1, argv + argc});
  const auto settings = api::load_service_settings(aws::process_environment());
  if (!settings) return report(settings.error());
  return run_connect(*settings, wish);
} catch (const po::error& e) {
  log_line(e.what());
  std::cerr << kUsage;
  return EX_USAGE;
} catch (const std::exception& e) {
  log_line(e.what());
  return EX_SOFTWARE;
}
