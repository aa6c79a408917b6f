// passport-diagnostics: what is wrong, and what support needs to see.
#include <exception>
#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/colour.h"
#include "base/log.h"
#include "base/version.h"
#include "client/bundle.h"
#include "client/doctor.h"
#include "net/process.h"
#include "net/signals.h"
#include "net/stdio.h"
#include "wire/aws/identifiers.h"

namespace po = boost::program_options;
using namespace passport;
using namespace passport::client;

namespace {

constexpr char kUsage[] =
    "usage: passport-diagnostics doctor [--aws] [--all] [--json] [INSTANCE...]\n"
    "       passport-diagnostics bundle [--aws] [--anonymous] [--yes] [--force] [-o FILE]\n"
    "                                   [INSTANCE...]\n"
    "       passport-diagnostics bundle --list | --print ENTRY\n";

struct CommandLine {
  std::string verb{};
  BundleWish bundle{};  ///< and the doctor's
  std::string colour = "auto";
  bool json = false;
};

po::options_description visible_options(CommandLine& c) {
  auto& doctor = c.bundle.doctor;
  po::options_description d("options");
  d.add_options()("all", po::bool_switch(&doctor.all), "look at every instance of yours")(
      "aws", po::bool_switch(&doctor.aws),
      "look at access by AWS credentials, without passportd")(
      "profile", po::value(&doctor.choice.profile)->value_name("NAME"), "AWS profile")(
      "region", po::value(&doctor.choice.region)->value_name("NAME"), "AWS region")(
      "json", po::bool_switch(&c.json), "doctor: print JSON")(
      "color", po::value(&c.colour)->value_name("WHEN")->default_value(c.colour),
      "doctor: auto, always or never")("output,o",
                                       po::value(&c.bundle.output)->value_name("FILE"),
                                       "bundle: where to; -: standard output")(
      "yes,y", po::bool_switch(&c.bundle.yes), "bundle: do not ask")(
      "force", po::bool_switch(&c.bundle.force), "bundle: replace a file that is there")(
      "anonymous", po::bool_switch(&c.bundle.anonymous),
      "bundle: replace names of people and machines")("list", po::bool_switch(&c.bundle.list),
                                                      "bundle: show what would go in")(
      "print", po::value(&c.bundle.print)->value_name("ENTRY"), "bundle: show one of these")(
      "help,h", "print this and exit")("version", "print the version and exit");
  return d;
}

/// Throws po::error.
void check(const CommandLine& c) {
  if (c.verb != "doctor" && c.verb != "bundle")
    throw po::error(c.verb.empty() ? "a verb is missing"
                                   : fmt::format("\"{}\" is no verb", c.verb));
  for (const auto& instance : c.bundle.doctor.instances)
    if (!wire::aws::is_instance_id(instance))
      throw po::error(fmt::format("\"{}\" is not the id of an instance", instance));
  if (!parse_colour(c.colour))
    throw po::error(fmt::format("--color \"{}\" is none of auto, always and never", c.colour));
  if (c.bundle.list && !c.bundle.print.empty())
    throw po::error("--list and --print exclude each other");
}

CommandLine parse_arguments(const std::vector<std::string>& args) {
  CommandLine c;
  const auto visible = visible_options(c);
  po::options_description all;
  all.add(visible).add_options()("verb", po::value(&c.verb))(
      "instances", po::value(&c.bundle.doctor.instances));
  po::positional_options_description positional;
  positional.add("verb", 1).add("instances", -1);
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
    std::cout << "passport-diagnostics " << kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  check(c);
  return c;
}

bool is_coloured(const CommandLine& c) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value != nullptr ? value : "");
  };
  return use_colour(*parse_colour(c.colour),
                    {variable("NO_COLOR"), variable("CLICOLOR_FORCE"), variable("TERM")},
                    ::isatty(STDOUT_FILENO) == 1);
}

}  // namespace

int main(int argc, char** argv) try {
  net::reserve_standard_descriptors();
  net::forbid_core_dumps();
  net::ignore_sigpipe();
  start_log("passport-diagnostics", LogLevel::kNotice);
  auto c = parse_arguments({argv + 1, argv + argc});
  if (c.verb == "bundle") return run_bundle(c.bundle);
  const bool coloured = is_coloured(c);
  return run_doctor(std::move(c.bundle.doctor), c.json, coloured);
} catch (const po::error& e) {
  log_line(e.what());
  std::cerr << kUsage;
  return EX_USAGE;
} catch (const std::exception& e) {
  log_line(e.what());
  return EX_SOFTWARE;
}
