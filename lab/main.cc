// passport-lab: a stand-in of AWS and of instances on this machine.
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <span>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/version.h"
#include "lab/featherweight.h"
#include "lab/instance_init.h"
#include "lab/options.h"
#include "wire/aws/identifiers.h"
#include "wire/ssm/stream.h"

namespace po = boost::program_options;
using passport::lab::LabOptions;

namespace {

constexpr char kUsage[] =
    "usage: passport-lab up [OPTION...]\n"
    "       passport-lab down [--state DIR]\n"
    "       passport-lab status [--state DIR] [--json]\n"
    "       passport-lab fault [--state DIR] [--json] NAME=VALUE... | show | clear\n"
    "       passport-lab tag [--state DIR] [--platform NAME] [--name NAME] ID [KEY=VALUE | "
    "KEY]...\n";

/// Lists are separated by commas.
struct Lists {
  std::vector<std::string> real_agents, old_agents;
};

struct Scalars {
  unsigned port = 0;
  std::string kms_challenge;
};

/// Each fault is an option of `up` with a value, a switch also without.
po::options_description make_fault_options() {
  po::options_description out("faults: --NAME VALUE of up, NAME=VALUE of fault");
  for (const auto& setting : passport::lab::fault_settings()) {
    auto* value = po::value<std::vector<std::string>>()->value_name(std::string(setting.value));
    if (setting.value == "on|off") value->implicit_value({"on"}, "on");
    out.add_options()(std::string(setting.name).c_str(), value,
                      std::string(setting.help).c_str());
  }
  return out;
}

po::options_description make_options(LabOptions& o, Lists& lists, Scalars& scalars) {
  po::options_description common("options");
  common.add_options()("state", po::value(&o.state_dir)->value_name("DIR"), "state directory")(
      "json", po::bool_switch(&o.json), "print the summary as JSON")(
      "verbose,v", "log more, to standard error or DIR/lab.log")(
      "help,h", "print this and exit")("version", "print the version and exit");
  po::options_description up("options of up");
  up.add_options()("instances",
                   po::value(&o.instances)->value_name("N")->default_value(o.instances),
                   "instances with an sshd of their own")(
      "featherweight", po::value(&o.featherweights)->value_name("N")->default_value(0),
      "instances that have nothing but short-lived users")(
      "port", po::value(&scalars.port)->value_name("PORT")->default_value(0),
      "of the HTTPS service; 0: a free one")(
      "user", po::value(&o.user)->value_name("NAME")->default_value(o.user), "who can log in")(
      "region", po::value(&o.region)->value_name("NAME")->default_value(o.region),
      "AWS region")("foreground", po::bool_switch(&o.foreground),
                    "stay; a signal ends the lab")("agent-payload-size",
                                                   po::value(&o.agent_payload_size)
                                                       ->value_name("BYTES")
                                                       ->default_value(o.agent_payload_size),
                                                   "port bytes a message, 1 to 65536")(
      "aws-names", po::bool_switch(&o.aws_names),
      "certificate and stream URLs have the names of AWS's endpoints")(
      "presign", po::bool_switch(&o.presign),
      "stream URLs are signed, for a client that does not sign")(
      "real-agents", po::value(&lists.real_agents)->value_name("ID,..."),
      "instances whose amazon-ssm-agent comes by itself")(
      "old-agent", po::value(&lists.old_agents)->value_name("ID=VERSION,..."),
      "agent of that version")("kms-key", po::value(&o.kms_key)->value_name("ID"),
                               "encrypt sessions with this key, an id or alias/NAME")(
      "kms-challenge",
      po::value(&scalars.kms_challenge)->value_name("on|off")->default_value("on"),
      "in the encryption context, as agents from 3.3.808.0");
  po::options_description tag("options of tag");
  tag.add_options()("platform",
                    po::value<std::string>()->value_name("NAME")->notifier(
                        [&o](const std::string& v) { o.platform = v; }),
                    "Linux, Windows or MacOS")(
      "name",
      po::value<std::string>()->value_name("NAME")->notifier(
          [&o](const std::string& v) { o.name = v; }),
      "of a managed instance's activation");
  common.add(up).add(tag);
  return common.add(make_fault_options());
}

std::vector<std::string> split_lists(const std::vector<std::string>& lists) {
  std::vector<std::string> out;
  for (std::string_view list : lists) {
    while (!list.empty()) {
      const auto end = list.find(',');
      if (end != 0) out.emplace_back(list.substr(0, end));
      list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
    }
  }
  return out;
}

std::vector<std::string> take_ids(const std::vector<std::string>& lists) {
  auto ids = split_lists(lists);
  for (const auto& id : ids) {
    if (!passport::wire::aws::is_instance_id(id)) {
      throw po::error(fmt::format("\"{}\" is not an instance id (i-... or mi-...)", id));
    }
  }
  return ids;
}

std::string default_state_dir() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return std::string(value ? value : "");
  };
  if (const auto runtime = variable("XDG_RUNTIME_DIR"); !runtime.empty())
    return runtime + "/passport-lab";
  const auto home = variable("HOME");
  if (home.empty())
    throw po::error("--state is needed: neither XDG_RUNTIME_DIR nor HOME is set");
  return home + "/.local/state/passport-lab";
}

void check(const LabOptions& o, const Scalars& scalars) {
  const auto within = [](const char* option, std::size_t value, std::size_t low,
                         std::size_t high) {
    if (value >= low && value <= high) return;
    throw po::error(fmt::format("--{} {} is not within {} to {}", option, value, low, high));
  };
  within("instances", o.instances, 0, passport::lab::kMaxInstances);
  within("featherweight", o.featherweights, 0, passport::lab::kMaxFeatherweights);
  within("port", scalars.port, 0, 65535);
  within("agent-payload-size", o.agent_payload_size, 1, passport::wire::ssm::kMaxPayload);
  const auto plain = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") ==
                                std::string_view::npos;
  };
  const auto key = std::string_view(o.kms_key);
  if (!key.empty() && !plain(key.starts_with("alias/") ? key.substr(6) : key))
    throw po::error(fmt::format("--kms-key \"{}\" is no key id or alias/NAME", key));
  if (!plain(o.user)) throw po::error(fmt::format("--user \"{}\" is no user name", o.user));
  if (!plain(o.region)) throw po::error(fmt::format("--region \"{}\" is no region", o.region));
}

void take_lists(const Lists& lists, const Scalars& scalars, LabOptions& o) {
  o.real_agents = take_ids(lists.real_agents);
  for (const auto& pair : split_lists(lists.old_agents)) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos)
      throw po::error(fmt::format("--old-agent \"{}\": no =VERSION", pair));
    o.old_agents[take_ids({pair.substr(0, equals)}).at(0)] = pair.substr(equals + 1);
  }
  if (scalars.kms_challenge != "on" && scalars.kms_challenge != "off")
    throw po::error(
        fmt::format("--kms-challenge \"{}\" is neither on nor off", scalars.kms_challenge));
  o.kms_challenge = scalars.kms_challenge == "on";
  o.port = static_cast<unsigned short>(scalars.port);
  if (o.state_dir.empty()) o.state_dir = default_state_dir();
  o.state_dir = std::filesystem::absolute(o.state_dir).lexically_normal().string();
}

void take_faults(const po::variables_map& vm, LabOptions& o) {
  for (const auto& setting : passport::lab::fault_settings()) {
    const std::string name(setting.name);
    if (vm.count(name) == 0) continue;
    if (setting.once)
      throw po::error(
          fmt::format("--{} acts on what is up: passport-lab fault {}=...", name, name));
    for (const auto& text : vm[name].as<std::vector<std::string>>()) {
      const auto value = passport::lab::load_policy_file({name, text});
      if (!value) throw po::error(value.error().detail);
      const auto set = passport::lab::set_fault(o.faults, name, value->value);
      if (!set) throw po::error("--" + set.error().detail);
    }
  }
}

struct CommandLine {
  std::string verb{};
  std::vector<std::string> words{};  ///< behind the verb
  LabOptions options{};
};

/// The verb and its options. Throws po::error on bad usage; exits after --help and --version.
CommandLine parse_options(const std::vector<std::string>& args) {
  CommandLine line;
  auto& o = line.options;
  Lists lists;
  Scalars scalars;
  const auto visible = make_options(o, lists, scalars);
  po::options_description all;
  all.add(visible).add_options()("verb", po::value(&line.verb)->required())(
      "words", po::value(&line.words));
  po::positional_options_description positional;
  positional.add("verb", 1).add("words", -1);
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
    std::cout << "passport-lab " << passport::kVersion << '\n';
    std::exit(EX_OK);
  }
  po::notify(vm);
  passport::start_log("passport-lab", vm.count("verbose") > 0 ? passport::LogLevel::kInfo
                                                              : passport::LogLevel::kNotice);
  check(o, scalars);
  take_lists(lists, scalars, o);
  take_faults(vm, o);
  if (line.verb != "fault" && line.verb != "tag" && !line.words.empty())
    throw po::error(fmt::format("\"{}\" is one word too many", line.words.front()));
  return line;
}

int run(const CommandLine& line) {
  const auto& [verb, words, options] = line;
  if (verb == "up") return run_up(options);
  if (verb == "down") return run_down(options);
  if (verb == "status") return run_status(options);
  if (verb == "fault") return run_fault(options, words);
  if (verb == "tag") return run_tag(options, words);
  throw po::error(fmt::format("\"{}\" is no command", verb));
}

}  // namespace

int main(int argc, char** argv) try {
  const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
  passport::start_log("passport-lab", passport::LogLevel::kNotice);
  if (argc > 1 && std::string_view(argv[1]) == "instance-init") {
    return passport::lab::run_instance_init(arguments.subspan(2));
  }
  return run(parse_options({argv + 1, argv + argc}));
} catch (const po::error& e) {
  passport::log_line(e.what());
  std::cerr << kUsage;
  return EX_USAGE;
} catch (const std::exception& e) {
  passport::log_line(e.what());
  return EX_SOFTWARE;
}
