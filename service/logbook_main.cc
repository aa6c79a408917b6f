// passport-logbook: what was done and what was refused, and whether the record of it holds.
#include <exception>
#include <iostream>

#include <boost/program_options.hpp>
#include <sysexits.h>

#include "base/log.h"
#include "base/version.h"
#include "service/logbook_export.h"
#include "wire/aws/time.h"

namespace po = boost::program_options;
namespace service = passport::service;
using passport::Errc;
using passport::Error;

namespace {

constexpr char kUsage[] =
    "usage: passport-logbook export --database WHERE\n"
    "       passport-logbook verify --public-key FILE [--checkpoint FILE] EXPORT\n"
    "       passport-logbook show [--since TIME] [--until TIME] [--actor NAME]\n"
    "                             [--object NAME] [--json] --database WHERE | EXPORT\n";

struct Options {
  std::string verb;
  service::VerifyWish verify;
  service::ShowWish show;
  std::string since;
  std::string until;
};

po::options_description make_options(Options& o) {
  po::options_description out("options");
  out.add_options()("database", po::value(&o.show.database)->value_name("WHERE"),
                    "sqlite:PATH or postgresql://...")(
      "public-key", po::value(&o.verify.public_keys)->value_name("FILE"),
      "lines of keys that sign checkpoints")(
      "checkpoint", po::value(&o.verify.checkpoints)->value_name("FILE"),
      "checkpoints that were kept elsewhere")("since", po::value(&o.since)->value_name("TIME"),
                                              "as 2026-11-23T05:00:00Z")(
      "until", po::value(&o.until)->value_name("TIME"), "likewise")(
      "actor", po::value(&o.show.actor)->value_name("NAME"), "only what this one did")(
      "object", po::value(&o.show.object)->value_name("NAME"), "only what was done to this")(
      "json", po::bool_switch(&o.show.json), "lines as in an export")(
      "help,h", "print this and exit")("version", "print the version and exit");
  return out;
}

int usage_error(const std::string& what) {
  const int status = report(Error{Errc::kUsage, what});
  std::cerr << kUsage;
  return status;
}

bool set_time(std::int64_t& into, const std::string& text, std::int64_t more) {
  if (text.empty()) return true;
  const auto time = passport::wire::aws::decode_iso8601(text);
  if (time) into = time->time_since_epoch().count() * 1000 + more;
  return time.has_value();
}

int finish(const passport::Result<void>& done) {
  return done ? EX_OK : report(done.error());
}

int run_verb(Options& options) {
  const bool from_database = !options.show.database.empty();
  const bool from_file = !options.show.file.empty();
  if (options.verb == "export") {
    if (!from_database || from_file) return usage_error("export: it takes --database alone");
    return finish(service::export_logbook(options.show.database, std::cout));
  }
  if (options.verb == "verify") {
    if (!from_file || from_database || options.verify.public_keys.empty())
      return usage_error("verify: it takes an export and --public-key");
    options.verify.file = options.show.file;
    return finish(service::verify_logbook(options.verify, std::cout));
  }
  if (options.verb != "show") return usage_error("unknown verb: " + options.verb);
  if (from_file == from_database) return usage_error("show: an export or --database");
  if (!set_time(options.show.since, options.since, 0))
    return usage_error("--since: not a time: " + options.since);
  if (!set_time(options.show.until, options.until, 999))
    return usage_error("--until: not a time: " + options.until);
  return finish(service::show_logbook(options.show, std::cout));
}

int run(int argc, char** argv) {
  Options options;
  auto visible = make_options(options);
  po::options_description all;
  all.add(visible).add_options()("verb", po::value(&options.verb))(
      "file", po::value(&options.show.file));
  po::positional_options_description positional;
  positional.add("verb", 1).add("file", 1);
  po::variables_map vm;
  try {
    const auto style =
        po::command_line_style::unix_style ^ po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(argc, argv)
                  .options(all)
                  .positional(positional)
                  .style(style)
                  .run(),
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
    std::cout << "passport-logbook " << passport::kVersion << "\n";
    return EX_OK;
  }
  return run_verb(options);
}

}  // namespace

int main(int argc, char** argv) {
  passport::start_log("passport-logbook", passport::LogLevel::kNotice);
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    return report(Error{Errc::kInternal, e.what()});
  }
}
