// passport-agent: short-lived SSH certificates over the ssh-agent protocol.
#include <exception>
#include <fstream>
#include <iostream>
#include <vector>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "api/agent_place.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/version.h"
#include "keyagent/verbs.h"
#include "net/process.h"
#include "net/signals.h"
#include "net/stdio.h"

namespace po = boost::program_options;
using namespace passport;
using namespace passport::keyagent;
using Verb = ControlRequest::Verb;

namespace {

constexpr char kUsage[] =
    "usage: passport-agent start [--foreground] [--idle TIME]\n"
    "       passport-agent add-request [--for TIME] [--keyType TYPE] [--host-key FILE]...\n"
    "                                  --certificate-command COMMAND ID\n"
    "       passport-agent drop-request ID\n"
    "       passport-agent list | status [--json]\n"
    "       passport-agent stop\n";

constexpr std::chrono::hours kLongestRequest{12};
constexpr std::chrono::hours kLongestIdle{30 * 24};

struct CommandLine {
  std::string verb{};
  std::string id{};
  std::string directory{};
  std::string lasts = "1h";
  std::string idle = "15m";
  std::string key_type = "all";
  std::string certificate_command{};
  std::vector<std::string> host_key_files{};
  bool foreground = false;
  bool json = false;
};

po::options_description visible_options(CommandLine& c) {
  po::options_description d("options");
  d.add_options()("directory", po::value(&c.directory)->value_name("PATH"),
                  "where its sockets are; by default $XDG_RUNTIME_DIR/passport")(
      "foreground", po::bool_switch(&c.foreground), "start: do not go into the background")(
      "idle", po::value(&c.idle)->value_name("TIME")->default_value(c.idle),
      "start: end when nothing has been held for so long; 0: never")(
      "for", po::value(&c.lasts)->value_name("TIME")->default_value(c.lasts),
      "add-request: how long its keys are held, at most 12h")(
      "keyType", po::value(&c.key_type)->value_name("TYPE")->default_value(c.key_type),
      "add-request: ed25519, rsa or all")(
      "certificate-command", po::value(&c.certificate_command)->value_name("COMMAND"),
      "add-request: reads a public key, writes its certificates")(
      "host-key", po::value(&c.host_key_files)->value_name("FILE"),
      "add-request: public keys of the only servers to log in to; may be given again")(
      "json", po::bool_switch(&c.json), "list, status: print JSON")(
      "help,h", "print this and exit")("version", "print the version and exit");
  return d;
}

/// Throws po::error.
std::chrono::seconds parse_time(const std::string& option, const std::string& text,
                                std::chrono::hours most) {
  const auto time = parse_duration(text, most);
  if (time) return *time;
  throw po::error(fmt::format("{} \"{}\" is not a time up to {}h, as 90s or 10m", option, text,
                              most.count()));
}

/// Lines of public keys, as in ssh_host_*_key.pub. Throws po::error.
void read_host_keys(const std::string& path, std::vector<wire::ssh::PublicKey>& into) {
  std::ifstream file(path);
  const auto had = into.size();
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    auto key = wire::ssh::parse_public_key_line(line);
    if (!key) throw po::error(fmt::format("--host-key \"{}\": {}", path, key.error().detail));
    into.push_back(std::move(*key));
  }
  if (into.size() == had)
    throw po::error(fmt::format("--host-key \"{}\": no public key in it", path));
}

HeldRequest make_request(const CommandLine& c) {
  HeldRequest out;
  out.id = c.id;
  const auto lasts = parse_time("--for", c.lasts, kLongestRequest);
  if (lasts.count() == 0) throw po::error("--for 0 holds nothing");
  out.end = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + lasts;
  const auto keys = parse_key_choice(c.key_type);
  if (!keys) throw po::error("--keyType " + keys.error().detail);
  out.keys = *keys;
  if (c.certificate_command.empty()) throw po::error("--certificate-command is missing");
  out.certificate_command = c.certificate_command;
  for (const auto& path : c.host_key_files) read_host_keys(path, out.host_keys);
  return out;
}

CommandLine parse_arguments(const std::vector<std::string>& args) {
  CommandLine c;
  const auto visible = visible_options(c);
  po::options_description all;
  all.add(visible).add_options()("verb", po::value(&c.verb))("id", po::value(&c.id));
  po::positional_options_description positional;
  positional.add("verb", 1).add("id", 1);
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
    std::cout << "passport-agent " << kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  return c;
}

/// Throws po::error on bad usage.
ControlRequest make_control_request(const CommandLine& c) {
  ControlRequest out;
  const bool wants_id = c.verb == "add-request" || c.verb == "drop-request";
  if (wants_id && !is_request_id(c.id))
    throw po::error(fmt::format(
        "\"{}\" is not the id of a request: 1 to 64 letters, digits, '.', '_' and '-'", c.id));
  if (!wants_id && !c.id.empty()) throw po::error(c.verb + " takes no ID");
  if (c.verb == "add-request") {
    out.verb = Verb::kAddRequest;
    out.request = make_request(c);
  } else if (c.verb == "drop-request") {
    out.verb = Verb::kDropRequest;
    out.request.id = c.id;
  } else if (c.verb == "list") {
    out.verb = Verb::kList;
  } else if (c.verb == "stop") {
    out.verb = Verb::kStop;
  } else if (c.verb != "status" && c.verb != "start") {
    throw po::error(c.verb.empty() ? "a verb is missing"
                                   : fmt::format("\"{}\" is no verb", c.verb));
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  net::reserve_standard_descriptors();
  net::forbid_core_dumps();
  net::ignore_sigpipe();
  start_log("passport-agent", LogLevel::kNotice);
  const auto c = parse_arguments({argv + 1, argv + argc});
  const auto request = make_control_request(c);
  StartOptions options;
  options.idle = parse_time("--idle", c.idle, kLongestIdle);
  auto directory = api::find_agent_directory(c.directory);
  if (!directory) return report(directory.error());
  options.directory = std::move(*directory);
  if (c.verb == "start") return run_start(options, c.foreground);
  return run_request(options, request, c.json, request.verb == Verb::kAddRequest);
} catch (const po::error& e) {
  log_line(e.what());
  std::cerr << kUsage;
  return EX_USAGE;
} catch (const std::exception& e) {
  log_line(e.what());
  return EX_SOFTWARE;
}
