// passport-inventory: Ansible's dynamic inventory of what a user has access to.
#include <exception>
#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "api/settings.h"
#include "base/log.h"
#include "base/version.h"
#include "config-gen/inventory.h"
#include "net/signals.h"
#include "net/stdio.h"

namespace po = boost::program_options;
using namespace passport;
using namespace passport::config_gen;

namespace {

constexpr char kUsage[] =
    "usage: passport-inventory [--group-by-tag KEY]... --list | --host NAME | --path\n";

struct CommandLine {
  bool list = false;
  bool path = false;
  InventoryWish wish{};
};

/// Throws po::error.
CommandLine parse_arguments(const std::vector<std::string>& args) {
  CommandLine out;
  po::options_description d("options");
  d.add_options()("list", po::bool_switch(&out.list), "print the inventory, as Ansible asks")(
      "host", po::value(&out.wish.host)->value_name("NAME"), "print the variables of one host")(
      "path", po::bool_switch(&out.path), "print the path of a file for ansible -i")(
      "group-by-tag", po::value(&out.wish.tag_keys)->value_name("KEY"),
      "a group for each value of the tag; may be given again")("help,h", "print this and exit")(
      "version", "print the version and exit");
  const auto style =
      po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
  po::variables_map vm;
  po::store(po::command_line_parser(args).options(d).style(style).run(), vm);
  if (vm.count("help") > 0) {
    std::cout << kUsage << d;
    std::exit(EX_OK);
  }
  if (vm.count("version") > 0) {
    std::cout << "passport-inventory " << kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  if (out.list + out.path + (vm.count("host") > 0) != 1)
    throw po::error("one of --list, --host and --path is wanted");
  if (vm.count("host") > 0 && out.wish.host.empty()) throw po::error("--host wants a name");
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  net::reserve_standard_descriptors();
  net::ignore_sigpipe();
  start_log("passport-inventory", LogLevel::kNotice);
  auto c = parse_arguments({argv + 1, argv + argc});
  if (c.path) return run_inventory_path(c.wish.tag_keys);
  const auto settings = api::load_settings(aws::process_environment());
  if (!settings) return report(settings.error());
  auto& keys = c.wish.tag_keys;
  keys.insert(keys.end(), settings->inventory_tags.begin(), settings->inventory_tags.end());
  return run_inventory(c.wish);
} catch (const po::error& e) {
  log_line(e.what());
  std::cerr << kUsage;
  return EX_USAGE;
} catch (const std::exception& e) {
  log_line(e.what());
  return EX_SOFTWARE;
}
