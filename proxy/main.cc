// passport-proxy: a ProxyCommand for ssh over an AWS Systems Manager session.
#include <exception>
#include <iostream>
#include <span>
#include <vector>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/version.h"
#include "net/parent_stderr.h"
#include "net/process.h"
#include "net/stdio.h"
#include "proxy/forward_plan.h"
#include "proxy/options.h"
#include "proxy/plugin.h"
#include "proxy/run.h"
#include "proxy/start_turns.h"
#include "proxy/stdio_side.h"
#include "wire/aws/identifiers.h"

namespace po = boost::program_options;
using passport::proxy::Options;

namespace {

constexpr char kUsage[] =
    "usage: passport-proxy [OPTION...] TARGET [PORT]\n"
    "       passport-proxy [OPTION...] -L FORWARD... TARGET\n";

po::options_description visible_options(Options& o) {
  po::options_description d("options");
  d.add_options()("profile", po::value(&o.profile)->value_name("NAME"), "AWS profile")(
      "region", po::value(&o.region)->value_name("NAME"), "AWS region")(
      "reason", po::value(&o.reason)->value_name("TEXT"), "why, for the session's record")(
      "document", po::value(&o.document)->value_name("NAME")->default_value(o.document),
      "session document")("forward,L",
                          po::value<std::vector<std::string>>()->value_name("FORWARD"),
                          "listen here for connections to a port behind TARGET: "
                          "[BIND:]PORT:HOST:PORT or /PATH:HOST:PORT; may be given again")(
      "any-user", po::bool_switch(&o.any_user), "let other users connect to the forwards")(
      "json", po::bool_switch(&o.json), "print the forwards as JSON lines")(
      "payload-size",
      po::value(&o.payload_size)->value_name("BYTES")->default_value(o.payload_size),
      "stream bytes a message, 1 to 65536")(
      "kms-key", po::value(&o.kms_key)->value_name("KEY"),
      "refuse a session that is not encrypted with this KMS key")(
      "start-rate", po::value(&o.start_rate)->value_name("N"),
      "with others that say so, start at most N sessions a second")(
      "resume-for", po::value<std::string>()->value_name("TIME")->default_value("10m"),
      "how long to try to resume a broken connection: 90s, 10m, 12h; 0: not")(
      "service", po::value(&o.service.service.url)->value_name("URL"),
      "have passportd start the session, for --request")(
      "request", po::value(&o.service.request)->value_name("ID"), "the access request")(
      "token-file", po::value(&o.service.service.token_file)->value_name("FILE"),
      "the bearer token for the service")(
      "service-ca", po::value(&o.service.service.ca_file)->value_name("FILE"),
      "whom to trust as the service, in place of the system's")(
      "parent-stderr", po::bool_switch(&o.parent_stderr),
      "without standard error, as ssh with ControlPersist has it, say what is wrong on ssh's")(
      "verbose,v", "say more; twice: for debugging")("help,h", "print this and exit")(
      "version", "print the version and exit");
  return d;
}

/// Throws po::error.
std::chrono::seconds parse_resume_for(const std::string& text) {
  const auto time = passport::parse_duration(text, std::chrono::hours(24));
  if (time) return *time;
  throw po::error(
      fmt::format("--resume-for \"{}\" is not a time up to 24h, as 90s or 10m", text));
}

/// How often -v was given; the options are left without it, for a switch must not be repeated.
int take_verbosity(po::parsed_options& parsed) {
  const auto is_verbose = [](const po::option& option) {
    return option.string_key == "verbose";
  };
  return static_cast<int>(std::min<std::size_t>(std::erase_if(parsed.options, is_verbose), 2));
}

std::vector<passport::proxy::ForwardSpec> parse_forwards(
    const std::vector<std::string>& texts) {
  std::vector<passport::proxy::ForwardSpec> forwards;
  for (const auto& text : texts) {
    auto forward = passport::proxy::parse_forward(text);
    if (!forward) throw po::error(forward.error().detail);
    forwards.push_back(std::move(*forward));
  }
  return forwards;
}

void check(const Options& o, unsigned port) {
  if (o.target.empty()) throw po::error("TARGET is missing");
  if (!passport::wire::aws::is_instance_id(o.target))
    throw po::error(fmt::format("\"{}\" is not an instance id (i-… or mi-…)", o.target));
  if (port < 1 || port > 65535)
    throw po::error(fmt::format("port {} is not within 1 to 65535", port));
  if (o.kms_key.size() > passport::wire::ssm::kMaxKeyName)
    throw po::error("--kms-key is too long to be a key's id, ARN or alias");
  if (o.start_rate > passport::proxy::StartTurns::kMaxRate)
    throw po::error(
        fmt::format("--start-rate {} is not within 1 to 1000; 0: no limit", o.start_rate));
  const bool service = !o.service.service.url.empty();
  if (service == o.service.service.token_file.empty() ||
      (!service && !o.service.request.empty()))
    throw po::error("--service, --request and --token-file go together");
  if (service && (!o.forwards.empty() || port != 22 || !o.kms_key.empty()))
    throw po::error("--service is for port 22 alone, without -L and --kms-key");
  if (o.payload_size < 1 || o.payload_size > passport::wire::ssm::kMaxPayload)
    throw po::error(fmt::format("--payload-size {} is not within 1 to 65536", o.payload_size));
}

/// Throws po::error on bad usage. Exits after --help and --version.
Options parse_options(const std::vector<std::string>& args) {
  Options o;
  unsigned port = o.port;
  const auto visible = visible_options(o);
  po::options_description all;
  all.add(visible).add_options()("target", po::value(&o.target))("port", po::value(&port));
  po::positional_options_description positional;
  positional.add("target", 1).add("port", 1);
  po::variables_map vm;
  const auto style =
      po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
  auto parsed =
      po::command_line_parser(args).options(all).positional(positional).style(style).run();
  passport::start_log("passport-proxy",
                      static_cast<passport::LogLevel>(take_verbosity(parsed)));
  po::store(parsed, vm);
  if (vm.count("help") > 0) {
    std::cout << kUsage << visible;
    std::exit(EX_OK);
  }
  if (vm.count("version") > 0) {
    std::cout << "passport-proxy " << passport::kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  if (vm.count("forward") > 0) {
    if (vm.count("port") > 0) throw po::error("-L and PORT exclude each other");
    if (!vm["document"].defaulted()) throw po::error("-L and --document exclude each other");
    o.forwards = parse_forwards(vm["forward"].as<std::vector<std::string>>());
  }
  if (o.parent_stderr) passport::net::log_to_parent();
  o.resume_for = parse_resume_for(vm["resume-for"].as<std::string>());
  check(o, port);
  o.port = static_cast<unsigned short>(port);
  return o;
}

passport::proxy::SessionPlan make_plan(const Options& o) {
  passport::proxy::SessionPlan plan;
  plan.settings = {o.profile, o.region};
  if (!o.service.service.url.empty()) plan.service = o.service;
  if (plan.service) plan.service->own = plan.settings;
  plan.request.target = o.target;
  plan.request.document_name = o.document;
  plan.request.parameters["portNumber"] = {std::to_string(o.port)};
  plan.request.reason = o.reason;
  plan.channel.payload_size = o.payload_size;
  plan.channel.expected_kms_key = o.kms_key;
  plan.start_rate = o.start_rate;
  plan.link.resume_for = o.resume_for;
  plan.make_local = [](const auto& executor)
      -> passport::Result<std::unique_ptr<passport::proxy::LocalSide>> {
    return std::unique_ptr<passport::proxy::LocalSide>(
        std::make_unique<passport::proxy::StdioSide>(executor));
  };
  return plan;
}

}  // namespace

int main(int argc, char** argv) try {
  passport::net::reserve_standard_descriptors();
  passport::net::forbid_core_dumps();
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  if (const auto plugin = passport::proxy::find_plugin_arguments(arguments))
    return passport::proxy::run_plugin(*plugin);
  passport::start_log("passport-proxy", passport::LogLevel::kNotice);
  const auto options = parse_options({argv + 1, argv + argc});
  if (!options.service.service.url.empty() && options.service.request.empty())
    return passport::report(
        {passport::Errc::kDenied,
         options.target + ": no request of yours was active for it when ssh_config was written",
         "passport ssh-config writes it anew; passport request create asks for access"});
  if (options.forwards.empty()) return passport::proxy::run_session(make_plan(options));
  passport::net::raise_descriptor_limit();
  return passport::proxy::run_sessions(make_forward_plans(
      make_plan(options), {options.forwards, options.any_user, options.json}));
} catch (const po::error& e) {
  passport::log_line(e.what());
  std::cerr << kUsage;
  return EX_USAGE;
} catch (const std::exception& e) {
  passport::log_line(e.what());
  return EX_SOFTWARE;
}
