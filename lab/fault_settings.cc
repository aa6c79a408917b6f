#include "lab/fault_settings.h"

#include <fmt/format.h>

#include "base/text.h"
#include "lab/fault_values.h"

namespace passport::lab {
namespace {

using Faults = LabFaults;
using Text = std::string_view;

constexpr std::size_t kMaxShown = 100;  // of a name or a value, in an error
constexpr std::int64_t kMaxSkewS = 10LL * 365 * 24 * 3600;
constexpr std::uint64_t kMaxReorder = 10000;
constexpr std::uint64_t kMaxSplit = 65536;
constexpr std::uint64_t kMaxThrottle = 1000000;

const FaultSetting kSettings[] = {
    {"seed", "N", "of the chances below; a random one unless given",
     [](Faults& f, Text v) { return parse_unsigned(v, UINT64_MAX, f.seed); },
     [](const Faults& f) { return std::to_string(f.seed); }},

    {"deny", "ACTION,...", "calls refused: ssm:StartSession",
     [](Faults& f, Text v) { return parse_list(v, f.deny); },
     [](const Faults& f) { return render_list(f.deny); }},
    {"policy", "PRINCIPAL:FILE", "IAM policy of a user, or of role/NAME; more of them add up",
     [](Faults& f, Text v) {
       return parse_policy(v, IamPolicy::Form::kPermissions, f.policies);
     },
     [](const Faults& f) { return render_policies(f.policies); }},
    {"trust", "ROLE:FILE", "who may assume role/NAME; more of them add up",
     [](Faults& f, Text v) { return parse_policy(v, IamPolicy::Form::kTrust, f.trusts); },
     [](const Faults& f) { return render_policies(f.trusts); }},
    {"expired", "on|off", "every credential is expired",
     [](Faults& f, Text v) { return parse_switch(v, f.expired); },
     [](const Faults& f) { return render_switch(f.expired); }},
    {"clock-skew", "SECONDS", "by which the lab's clock is ahead",
     [](Faults& f, Text v) { return parse_signed(v, kMaxSkewS, f.clock_skew_s); },
     [](const Faults& f) { return std::to_string(f.clock_skew_s); }},
    {"throttle", "N", "so many StartSession calls are throttled",
     [](Faults& f, Text v) { return parse_unsigned(v, kMaxThrottle, f.throttle); },
     [](const Faults& f) { return std::to_string(f.throttle); }},
    {"start-rate", "N", "StartSession calls a second; more are throttled",
     [](Faults& f, Text v) { return parse_rate(v, f.start_rate); },
     [](const Faults& f) { return render_rate(f.start_rate); }},
    {"refuse-resume", "HOW[:TIMES]", "ResumeSession answers denied, expired or gone",
     [](Faults& f, Text v) { return parse_refusal(v, f); }, render_refusal},

    {"command-rate", "N", "SendCommand calls a second; more are throttled",
     [](Faults& f, Text v) { return parse_rate(v, f.command_rate); },
     [](const Faults& f) { return render_rate(f.command_rate); }},
    {"command-drop", "PERCENT", "commands that never reach their instance",
     [](Faults& f, Text v) { return parse_percent(v, f.commands.way.drop); },
     [](const Faults& f) { return render_percent(f.commands.way.drop); }},
    {"command-duplicate", "PERCENT", "that run twice",
     [](Faults& f, Text v) { return parse_percent(v, f.commands.way.duplicate); },
     [](const Faults& f) { return render_percent(f.commands.way.duplicate); }},
    {"command-delay", "MS[-MS]", "how late they begin",
     [](Faults& f, Text v) { return parse_delay(v, f.commands.way); },
     [](const Faults& f) { return render_delay(f.commands.way); }},
    {"command-answer-drop", "PERCENT", "that run, and nobody hears of it",
     [](Faults& f, Text v) { return parse_percent(v, f.commands.answer_drop); },
     [](const Faults& f) { return render_percent(f.commands.answer_drop); }},

    {"offline", "ID,...", "instances that are known and not connected",
     [](Faults& f, Text v) { return parse_ids(v, f.offline); },
     [](const Faults& f) { return render_list(f.offline); }},
    {"never-attach", "ID,...", "sessions start, the agent does not come",
     [](Faults& f, Text v) { return parse_ids(v, f.never_attach); },
     [](const Faults& f) { return render_list(f.never_attach); }},
    {"stall-sshd", "ID,...", "instances whose sshd processes are stopped",
     [](Faults& f, Text v) { return parse_ids(v, f.stalled_sshd); },
     [](const Faults& f) { return render_list(f.stalled_sshd); }},
    {"agent-pace", "MS", "pause of the agents after each 1,024 bytes; the real ones' is 1",
     [](Faults& f, Text v) { return parse_ms(v, f.agent_pace); },
     [](const Faults& f) { return std::to_string(f.agent_pace.count()); }},
    {"close-after", "MS", "the service ends sessions after this",
     [](Faults& f, Text v) { return parse_ms(v, f.close_after); },
     [](const Faults& f) { return std::to_string(f.close_after.count()); }},
    {"close-words", "TEXT", "what it says then",
     [](Faults& f, Text v) { return parse_words(v, f.close_words); },
     [](const Faults& f) { return f.close_words; }},
    {"pause-client", "on|off", "pause_publication to the clients of sessions that are up",
     [](Faults& f, Text v) { return parse_switch(v, f.pause_client); },
     [](const Faults& f) { return render_switch(f.pause_client); }, true},
    {"pause-agent", "on|off", "the same to their agents",
     [](Faults& f, Text v) { return parse_switch(v, f.pause_agent); },
     [](const Faults& f) { return render_switch(f.pause_agent); }, true},

    {"to-client-drop", "PERCENT", "messages to the client that are lost",
     [](Faults& f, Text v) { return parse_percent(v, f.to_client.drop); },
     [](const Faults& f) { return render_percent(f.to_client.drop); }},
    {"to-client-duplicate", "PERCENT", "that come twice",
     [](Faults& f, Text v) { return parse_percent(v, f.to_client.duplicate); },
     [](const Faults& f) { return render_percent(f.to_client.duplicate); }},
    {"to-client-corrupt", "PERCENT", "with one bit of their payload flipped",
     [](Faults& f, Text v) { return parse_percent(v, f.to_client.corrupt); },
     [](const Faults& f) { return render_percent(f.to_client.corrupt); }},
    {"to-client-delay", "MS[-MS]", "how late they come",
     [](Faults& f, Text v) { return parse_delay(v, f.to_client); },
     [](const Faults& f) { return render_delay(f.to_client); }},
    {"to-client-reorder", "N", "how many later ones may overtake one",
     [](Faults& f, Text v) { return parse_unsigned(v, kMaxReorder, f.to_client.reorder); },
     [](const Faults& f) { return std::to_string(f.to_client.reorder); }},
    {"to-client-split", "BYTES", "each in fragments, one write a fragment",
     [](Faults& f, Text v) { return parse_unsigned(v, kMaxSplit, f.to_client_split); },
     [](const Faults& f) { return std::to_string(f.to_client_split); }},
    {"to-client-cut", "BYTES|off", "new connections break when they have carried so much",
     [](Faults& f, Text v) { return parse_cut(v, f.to_client_cut); },
     [](const Faults& f) { return render_cut(f.to_client_cut); }},

    {"to-agent-drop", "PERCENT", "the same for messages from the client to the agent",
     [](Faults& f, Text v) { return parse_percent(v, f.to_agent.drop); },
     [](const Faults& f) { return render_percent(f.to_agent.drop); }},
    {"to-agent-duplicate", "PERCENT", "",
     [](Faults& f, Text v) { return parse_percent(v, f.to_agent.duplicate); },
     [](const Faults& f) { return render_percent(f.to_agent.duplicate); }},
    {"to-agent-corrupt", "PERCENT", "of the port's bytes alone: the agent checks no digest",
     [](Faults& f, Text v) { return parse_percent(v, f.to_agent.corrupt); },
     [](const Faults& f) { return render_percent(f.to_agent.corrupt); }},
    {"to-agent-delay", "MS[-MS]", "",
     [](Faults& f, Text v) { return parse_delay(v, f.to_agent); },
     [](const Faults& f) { return render_delay(f.to_agent); }},
    {"to-agent-reorder", "N", "",
     [](Faults& f, Text v) { return parse_unsigned(v, kMaxReorder, f.to_agent.reorder); },
     [](const Faults& f) { return std::to_string(f.to_agent.reorder); }},
    {"to-agent-split", "BYTES", "on the websocket of a real agent",
     [](Faults& f, Text v) { return parse_unsigned(v, kMaxSplit, f.to_agent_split); },
     [](const Faults& f) { return std::to_string(f.to_agent_split); }},
    {"to-agent-cut", "BYTES|off", "",
     [](Faults& f, Text v) { return parse_cut(v, f.to_agent_cut); },
     [](const Faults& f) { return render_cut(f.to_agent_cut); }},

    {"cut-times", "N|always", "how many connections are cut",
     [](Faults& f, Text v) { return parse_times(v, f.cut_times); },
     [](const Faults& f) { return render_times(f.cut_times); }},
    {"cut-resets", "on|off", "by a TCP reset, or by the end of TCP without more",
     [](Faults& f, Text v) { return parse_switch(v, f.cut_resets); },
     [](const Faults& f) { return render_switch(f.cut_resets); }},
    {"close-every", "MS", "each client's websocket is closed after this",
     [](Faults& f, Text v) { return parse_ms(v, f.close_every); },
     [](const Faults& f) { return std::to_string(f.close_every.count()); }},
    {"close-code", "CODE", "with this code; 1006 is a TCP reset",
     [](Faults& f, Text v) { return parse_close_code(v, f.close_code); },
     [](const Faults& f) { return std::to_string(f.close_code); }},
    {"close-reason", "TEXT", "and this reason",
     [](Faults& f, Text v) { return parse_words(v, f.close_reason); },
     [](const Faults& f) { return f.close_reason; }},
    {"half-open", "MS", "the connections that are up carry nothing for so long",
     [](Faults& f, Text v) { return parse_ms(v, f.half_open); },
     [](const Faults& f) { return std::to_string(f.half_open.count()); }, true},
};

}  // namespace

std::span<const FaultSetting> fault_settings() {
  return kSettings;
}

const FaultSetting* find_fault_setting(std::string_view name) {
  for (const auto& setting : kSettings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

Result<void> set_fault(LabFaults& faults, std::string_view name, std::string_view value) {
  const auto* setting = find_fault_setting(name);
  if (!setting) {
    return Error{Errc::kUsage,
                 fmt::format("\"{}\" is no fault", escape_for_terminal(name, kMaxShown)),
                 "passport-lab fault --help"};
  }
  auto changed = faults;
  const auto wanted = value.empty() ? setting->render(LabFaults()) : std::string(value);
  if (auto parsed = setting->parse(changed, wanted); !parsed) {
    return Error{parsed.error().code,
                 fmt::format("{} \"{}\": {}", name, escape_for_terminal(value, kMaxShown),
                             parsed.error().detail)};
  }
  faults = std::move(changed);
  return {};
}

std::vector<NamedValue> list_faults(const LabFaults& faults) {
  std::vector<NamedValue> out;
  const LabFaults defaults;
  for (const auto& setting : kSettings) {
    auto value = setting.render(faults);
    if (value == setting.render(defaults) && setting.name != "seed") continue;
    out.push_back({std::string(setting.name), std::move(value)});
  }
  return out;
}

Result<NamedValue> parse_assignment(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    return Error{Errc::kUsage,
                 fmt::format("\"{}\" is no NAME=VALUE", escape_for_terminal(text, kMaxShown)),
                 "passport-lab fault --help"};
  }
  return NamedValue{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

}  // namespace passport::lab
