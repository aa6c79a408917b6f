// passport-copy: copies files to and from instances, over several sessions at once.
#include <exception>
#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/version.h"
#include "client/copy/run.h"
#include "net/process.h"
#include "net/signals.h"
#include "net/stdio.h"

namespace po = boost::program_options;
using namespace passport;
using namespace passport::copy;

namespace {

constexpr char kUsage[] =
    "usage: passport-copy [-pqr] [-F FILE] [-j N] [USER@]HOST:PATH... PATH\n"
    "       passport-copy [-pqr] [-F FILE] [-j N] PATH... [USER@]HOST:PATH\n";

constexpr unsigned kMostSessions = 64;

/// Throws po::error.
CopyOptions parse_arguments(const std::vector<std::string>& args) {
  CopyOptions out;
  bool keep = false;
  po::options_description d("options");
  d.add_options()("recursive,r", po::bool_switch(&out.recursive), "folders, with all in them")(
      "jobs,j", po::value(&out.sessions)->value_name("N")->default_value(out.sessions),
      "sessions at most, 1 to 64")("config,F", po::value(&out.config)->value_name("FILE"),
                                   "an ssh_config; by default passport-ssh-config's")(
      "quiet,q", po::bool_switch(&out.quiet), "show no progress")(
      "preserve,p", po::bool_switch(&keep), "keep times and modes: it does so anyway")(
      "help,h", "print this and exit")("version", "print the version and exit");
  po::options_description all;
  all.add(d).add_options()("words", po::value(&out.words));
  po::positional_options_description positional;
  positional.add("words", -1);
  const auto style =
      po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
  po::variables_map vm;
  po::store(
      po::command_line_parser(args).options(all).positional(positional).style(style).run(), vm);
  if (vm.count("help") > 0) {
    std::cout << kUsage << d;
    std::exit(EX_OK);
  }
  if (vm.count("version") > 0) {
    std::cout << "passport-copy " << kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  if (out.words.size() < 2) throw po::error("it wants a file and where it goes to");
  if (out.sessions < 1 || out.sessions > kMostSessions)
    throw po::error(fmt::format("-j wants a number from 1 to {}", kMostSessions));
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  net::reserve_standard_descriptors();
  net::ignore_sigpipe();
  net::raise_descriptor_limit();
  start_log("passport-copy", LogLevel::kNotice);
  return run_copy(parse_arguments({argv + 1, argv + argc}));
} catch (const po::error& e) {
  log_line(e.what());
  std::cerr << kUsage;
  return EX_USAGE;
} catch (const std::exception& e) {
  log_line(e.what());
  return EX_SOFTWARE;
}
