// passportd: the service that decides who gets in.
#include <cstdlib>
#include <exception>
#include <iostream>

#include <boost/program_options.hpp>
#include <sysexits.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/version.h"
#include "service/run.h"
#include "service/tokens.h"

namespace po = boost::program_options;
namespace service = passport::service;
using passport::Errc;
using passport::Error;

namespace {

constexpr char kUsage[] =
    "usage: passportd [--config FILE] [-v]...\n"
    "       passportd --check [--config FILE]\n"
    "       passportd token --user NAME [--groups NAME,...] [--for DURATION] [--config FILE]\n";

struct Options {
  std::string verb;
  std::string config = "/etc/passport/passportd.conf";
  std::string user;
  std::string groups;
  std::string life = "8h";
  int verbosity = 0;
  bool check = false;
};

po::options_description make_options(Options& o) {
  po::options_description out("options");
  out.add_options()("config,c", po::value(&o.config)->value_name("FILE"),
                    "by default /etc/passport/passportd.conf")(
      "check", po::bool_switch(&o.check), "read the configuration and exit")(
      "user", po::value(&o.user)->value_name("NAME"), "whom the token is for")(
      "groups", po::value(&o.groups)->value_name("NAME,..."), "the groups of that user")(
      "for", po::value(&o.life)->value_name("DURATION"), "how long it is good; by default 8h")(
      "verbose,v", "log more, to standard error; twice for more still")(
      "help,h", "print this and exit")("version", "print the version and exit");
  return out;
}

int usage_error(const std::string& what) {
  const int status = report(Error{Errc::kUsage, what});
  std::cerr << kUsage;
  return status;
}

int run_token(const Options& options, const service::Config& config) {
  if (options.user.empty()) return usage_error("token: --user is missing");
  service::TokenWish wish{options.user, {}, {}};
  for (std::string_view rest = options.groups; !rest.empty();) {
    const auto end = std::min(rest.find(','), rest.size());
    wish.groups.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto life = passport::parse_duration(options.life, service::kLongestTokenLife);
  if (!life || life->count() == 0)
    return usage_error("--for: not a time up to 720h: " + options.life);
  wish.life = *life;
  const auto done = service::print_token(config, wish);
  return done ? EX_OK : report(done.error());
}

int run(int argc, char** argv) {
  Options options;
  auto visible = make_options(options);
  po::options_description all;
  all.add(visible).add_options()("verb", po::value(&options.verb));
  po::positional_options_description positional;
  positional.add("verb", 1);
  po::variables_map vm;
  // -v may be repeated, which program_options does not count.
  std::vector<std::string> args;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "-v" || arg == "--verbose" || arg == "-vv")
      options.verbosity += arg == "-vv" ? 2 : 1;
    else
      args.emplace_back(arg);
  }
  try {
    const auto style =
        po::command_line_style::unix_style ^ po::command_line_style::allow_guessing;
    po::store(
        po::command_line_parser(args).options(all).positional(positional).style(style).run(),
        vm);
    po::notify(vm);
  } catch (const po::error& e) {
    return usage_error(e.what());
  }
  if (vm.count("help") > 0) {
    std::cout << kUsage << "\n" << visible;
    return EX_OK;
  }
  if (vm.count("version") > 0) {
    std::cout << "passportd " << passport::kVersion << "\n";
    return EX_OK;
  }
  passport::start_log("passportd",
                      static_cast<passport::LogLevel>(std::min(options.verbosity, 2)));
  if (!options.verb.empty() && options.verb != "token")
    return usage_error("unknown verb: " + options.verb);
  const auto config = service::load_config(options.config);
  if (!config) return report(config.error());
  if (options.check) return EX_OK;
  if (options.verb == "token") return run_token(options, *config);
  const auto served = service::serve(*config);
  return served ? EX_OK : report(served.error());
}

}  // namespace

int main(int argc, char** argv) {
  passport::start_log("passportd", passport::LogLevel::kNotice);
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    return report(Error{Errc::kInternal, e.what()});
  }
}
