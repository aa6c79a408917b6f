#include "keyagent/verbs.h"

#include <iostream>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sysexits.h>

#include "api/agent_place.h"
#include "aws/own_directory.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"
#include "net/line_socket.h"

namespace passport::keyagent {
namespace {

using Verb = ControlRequest::Verb;

constexpr std::size_t kMaxAnswer = 16 << 20;
/// Two certificate commands at their longest, and the making of an RSA key.
constexpr std::chrono::seconds kPatience{90};

std::string shown(const json::object& object, std::string_view key) {
  return escape_for_terminal(find_string(object, key), 256);
}

std::int64_t number(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::string show_time(std::int64_t seconds) {
  constexpr std::int64_t kLast = 253402300799;  // of the year 9999
  if (seconds < 0 || seconds > kLast) return "forever";
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

void print_identity(const json::object& identity) {
  std::string principals;
  if (const auto* names = find_array(identity, "principals"))
    for (const auto& name : *names)
      if (name.is_string())
        principals += (principals.empty() ? "" : ",") +
                      escape_for_terminal(std::string_view(name.get_string()), 64);
  std::cout << fmt::format(
      "  {} {} key id \"{}\" serial {} principals {} until {} CA {} ({})\n",
      shown(identity, "type"), shown(identity, "fingerprint"), shown(identity, "key_id"),
      shown(identity, "serial"), principals, show_time(number(identity, "valid_before")),
      shown(identity, "ca_fingerprint"), shown(identity, "ca_algorithm"));
}

void print_list(const json::object& answer) {
  if (const auto* requests = find_array(answer, "requests")) {
    for (const auto& value : *requests) {
      if (!value.is_object()) continue;
      const auto& request = value.get_object();
      std::cout << fmt::format("{} until {}\n", shown(request, "id"),
                               show_time(number(request, "end")));
      if (const auto error = shown(request, "error"); !error.empty())
        std::cout << "  not renewed: " << error << '\n';
      if (const auto* identities = find_array(request, "identities"))
        for (const auto& identity : *identities)
          if (identity.is_object()) print_identity(identity.get_object());
    }
  }
}

void print_status(const json::object& answer) {
  const auto* locked = answer.if_contains("locked");
  std::cout << fmt::format(
      "pid {}\nsocket {}\nrequests {}\nclients {}\nsignatures {}\n{}", number(answer, "pid"),
      shown(answer, "socket"), number(answer, "requests"), number(answer, "clients"),
      number(answer, "signatures"), locked != nullptr && *locked == true ? "locked\n" : "");
}

Result<std::string> ask(const std::string& directory, const std::string& question) {
  auto answer = net::ask_line(api::control_socket(directory), question, kMaxAnswer, kPatience);
  if (answer) return answer;
  if (answer.error().code == Errc::kNotFound)
    return Error{Errc::kUnavailable, "no agent is running", "passport-agent start"};
  return Error{answer.error().code, "the agent: " + answer.error().detail};
}

/// Whether an agent answers; starts one otherwise.
Result<void> ensure_running(const StartOptions& options) {
  const auto answer = ask(options.directory, serialize_control_request({}));
  if (answer || answer.error().code != Errc::kUnavailable) return {};
  auto started = start_agent(options);
  if (started) return started;
  // Another may have been quicker.
  return ask(options.directory, serialize_control_request({})) ? Result<void>() : started;
}

}  // namespace

int run_start(const StartOptions& options, bool foreground) {
  if (auto made = aws::make_own_directory(options.directory); !made)
    return report(made.error());
  const auto done = foreground ? run_agent(options, -1) : ensure_running(options);
  if (!done) return report(done.error());
  if (!foreground) std::cout << api::agent_socket(options.directory) << '\n' << std::flush;
  return EX_OK;
}

int run_request(const StartOptions& options, const ControlRequest& request, bool as_json,
                bool start) {
  if (start) {
    if (auto made = aws::make_own_directory(options.directory); !made)
      return report(made.error());
    if (auto running = ensure_running(options); !running) return report(running.error());
  }
  const auto line = ask(options.directory, serialize_control_request(request));
  if (!line) return report(line.error());
  const auto answer = parse_control_answer(*line);
  if (!answer) return report(answer.error());
  if (!answer->error.empty()) {
    log_line(answer->error);
    if (!answer->hint.empty()) log_line("hint: " + answer->hint);
    return answer->status;
  }
  if (as_json) {
    std::cout << render_json(answer->object) << '\n';
  } else if (request.verb == Verb::kList) {
    print_list(answer->object);
  } else if (request.verb == Verb::kStatus) {
    print_status(answer->object);
  }
  return std::cout.flush() ? EX_OK : EX_IOERR;
}

}  // namespace passport::keyagent
