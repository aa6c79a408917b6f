// passport-request: asks passportd for access, and says how it stands.
#include <algorithm>
#include <exception>
#include <iostream>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "client/request.h"
#include "net/signals.h"
#include "net/stdio.h"

namespace po = boost::program_options;
using namespace passport;
using namespace passport::client;

namespace {

constexpr char kUsage[] =
    "usage: passport-request create [--reason TEXT] [--account ID] [--region NAME] [--for "
    "TIME]\n"
    "                               [--ticket TEXT] [--keyType TYPE] [--break-glass] "
    "[INSTANCE...]\n"
    "       passport-request list [--all]\n"
    "       passport-request show | complete | approve | deny | certify ID\n"
    "       passport-request extend [--for TIME] ID\n";

struct CommandLine {
  std::string verb{};
  std::vector<std::string> names{};
  std::string lasts{};
  std::string colour = "auto";
  RequestCommand command{};
  bool no_wait = false;
};

po::options_description visible_options(CommandLine& c) {
  auto& wish = c.command.wish;
  po::options_description d("options");
  d.add_options()("reason", po::value(&wish.reason)->value_name("TEXT"), "why; it is recorded")(
      "account", po::value(&wish.account)->value_name("ID"),
      "AWS account; by default that of passport.conf")(
      "region", po::value(&wish.region)->value_name("NAME"),
      "of the instances; by default that of passport.conf")(
      "for", po::value(&c.lasts)->value_name("TIME"),
      "how long, or how much longer: 90s, 10m, 2h; by default 1h, at most 12h in all")(
      "ticket", po::value(&wish.ticket)->value_name("TEXT"), "that it belongs to")(
      "keyType,key-type", po::value(&wish.key_type)->value_name("TYPE"),
      "ed25519 or rsa; by default both")("break-glass", po::bool_switch(&wish.break_glass),
                                         "without approval; people are told at once")(
      "no-wait", po::bool_switch(&c.no_wait), "do not wait until it has come about")(
      "all", po::bool_switch(&c.command.all), "list: also those that are over")(
      "json", po::bool_switch(&c.command.json), "print JSON")(
      "color", po::value(&c.colour)->value_name("WHEN"), "auto, always or never")(
      "help,h", "print this and exit")("version", "print the version and exit");
  return d;
}

/// Throws po::error.
template <class T>
T value_of(Result<T> parsed) {
  if (!parsed) throw po::error(parsed.error().detail);
  return std::move(*parsed);
}

bool is_plain_id(const std::string& id) {
  const bool plain = std::all_of(id.begin(), id.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
           letter == '-';
  });
  return plain && !id.empty() && id.size() <= 64;
}

/// Throws po::error.
RequestCommand make_command(CommandLine c) {
  auto& out = c.command;
  out.verb = c.verb;
  out.wait = !c.no_wait;
  out.lasts_given = !c.lasts.empty();
  if (out.lasts_given) out.wish.lasts = value_of(parse_lasts(c.lasts));
  out.lasts = out.wish.lasts;
  const auto colour = parse_colour(c.colour);
  if (!colour)
    throw po::error(fmt::format("--color \"{}\" is none of auto, always and never", c.colour));
  out.colour = *colour;
  const std::vector<std::string> of_one = {"show", "complete", "approve",
                                           "deny", "certify",  "extend"};
  if (c.verb == "create") {
    auto& wish = out.wish;
    if (!wish.reason.empty()) wish.reason = value_of(parse_reason(wish.reason));
    wish.ticket = value_of(parse_ticket(wish.ticket));
    wish.key_type = to_lower(wish.key_type);
    if (!c.names.empty())
      wish.instances = value_of(parse_instances(fmt::format("{}", fmt::join(c.names, " "))));
  } else if (std::find(of_one.begin(), of_one.end(), c.verb) != of_one.end()) {
    if (c.names.size() != 1) throw po::error(c.verb + " wants one ID");
    out.id = std::move(c.names.front());
    if (!is_plain_id(out.id))
      throw po::error(fmt::format("\"{}\" is not the id of a request", out.id));
  } else if (c.verb == "list") {
    if (!c.names.empty()) throw po::error("list takes no ID");
  } else {
    throw po::error(c.verb.empty() ? "a verb is missing"
                                   : fmt::format("\"{}\" is no verb", c.verb));
  }
  return std::move(out);
}

RequestCommand parse_arguments(const std::vector<std::string>& args) {
  CommandLine c;
  const auto visible = visible_options(c);
  po::options_description all;
  all.add(visible).add_options()("verb", po::value(&c.verb))("names", po::value(&c.names));
  po::positional_options_description positional;
  positional.add("verb", 1).add("names", -1);
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
    std::cout << "passport-request " << kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  return make_command(std::move(c));
}

}  // namespace

int main(int argc, char** argv) try {
  net::reserve_standard_descriptors();
  net::ignore_sigpipe();
  start_log("passport-request", LogLevel::kNotice);
  auto command = parse_arguments({argv + 1, argv + argc});
  const auto settings = api::load_service_settings(aws::process_environment());
  if (!settings) return report(settings.error());
  auto& wish = command.wish;
  if (wish.account.empty()) wish.account = settings->account;
  if (wish.region.empty()) wish.region = settings->region;
  return run_request(*settings, command);
} catch (const po::error& e) {
  log_line(e.what());
  std::cerr << kUsage;
  return EX_USAGE;
} catch (const std::exception& e) {
  log_line(e.what());
  return EX_SOFTWARE;
}
