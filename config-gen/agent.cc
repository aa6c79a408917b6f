#include "config-gen/agent.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "api/agent_place.h"
#include "base/text.h"
#include "config-gen/render.h"
#include "net/command.h"
#include "net/line_socket.h"

namespace passport::config_gen {
namespace {

constexpr std::chrono::seconds kPatience{100};    ///< an RSA key is made, two commands run
constexpr std::chrono::seconds kListPatience{5};  ///< it answers from memory
constexpr std::size_t kMaxList = 16 << 20;        ///< bytes

/// The last line without the name that it begins with.
std::string words_of(const std::string& errors) {
  std::string_view text = errors;
  while (text.ends_with('\n')) text.remove_suffix(1);
  text = text.substr(0, text.find('\n'));
  constexpr std::string_view kName = "passport-agent: ";
  if (text.starts_with(kName)) text.remove_prefix(kName.size());
  return escape_for_terminal(text);
}

net::Task<Result<std::string>> ask(std::vector<std::string> words) {
  net::Command command;
  words.insert(words.begin(), net::find_program("passport-agent"));
  command.words = std::move(words);
  command.alone = true;
  const auto end = co_await net::run_command(std::move(command), net::deadline_in(kPatience));
  if (!end) co_return end.error();
  if (end->status == 0) co_return end->output;
  const auto said = words_of(end->errors);
  const bool busy = WIFEXITED(end->status) && WEXITSTATUS(end->status) == EX_TEMPFAIL;
  co_return Error{
      busy ? Errc::kThrottled : Errc::kUnavailable,
      "passport-agent: " + (said.empty() ? net::describe_status(end->status) : said)};
}

net::Task<Result<void>> tell(std::vector<std::string> words) {
  auto asked = ask(std::move(words));
  const auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  co_return Result<void>();
}

void add_certificate(const json::object& identity, Held& into) {
  into.certificates.push_back(find_string(identity, "certificate"));
  const auto* end = identity.if_contains("valid_before");
  if (end != nullptr && end->is_int64())
    into.certified_until = std::max(into.certified_until, end->get_int64());
}

}  // namespace

Result<HeldByRequest> parse_held(std::string_view text) {
  const auto answer = parse_json_object(text, "passport-agent's answer");
  if (!answer) return answer.error();
  HeldByRequest out;
  const auto* requests = find_array(*answer, "requests");
  for (const auto& item : requests != nullptr ? *requests : json::array()) {
    const auto* request = item.if_object();
    const auto* end = request != nullptr ? request->if_contains("end") : nullptr;
    if (end == nullptr || !end->is_int64())
      return Error{Errc::kProtocol, "passport-agent's answer cannot be used"};
    Held held{end->get_int64(), find_string(*request, "keys"), 0, {}};
    if (const auto* identities = find_array(*request, "identities"))
      for (const auto& identity : *identities)
        if (const auto* object = identity.if_object()) add_certificate(*object, held);
    out.emplace(find_string(*request, "id"), std::move(held));
  }
  return out;
}

Result<HeldByRequest> list_held(const std::string& directory) {
  const auto answer = net::ask_line(api::control_socket(directory), R"({"verb":"list"})",
                                    kMaxList, kListPatience);
  if (!answer) return Error{answer.error().code, "passport-agent: " + answer.error().detail};
  return parse_held(*answer);
}

net::Task<Result<void>> start_agent() {
  std::vector<std::string> words{"start"};
  return tell(std::move(words));
}

net::Task<Result<void>> hold(std::string request, std::chrono::seconds lasts, std::string keys,
                             api::Service service) {
  // The agent may have been started where other settings hold, of a file or of variables.
  const auto settings =
      quote_words({"env", "PASSPORT_CONFIG=/dev/null", "PASSPORT_SERVICE=" + service.url,
                   "PASSPORT_TOKEN_FILE=" + service.token_file,
                   "PASSPORT_CA=" + service.ca_file, net::find_program("passport-request")});
  if (!settings) co_return settings.error();
  std::vector<std::string> words{"add-request",
                                 "--for",
                                 fmt::format("{}s", lasts.count()),
                                 "--keyType",
                                 std::move(keys),
                                 "--certificate-command",
                                 "exec " + *settings + "certify " + request,
                                 request};
  auto telling = tell(std::move(words));
  co_return co_await std::move(telling);
}

net::Task<Result<void>> drop(std::string request) {
  std::vector<std::string> words{"drop-request", std::move(request)};
  return tell(std::move(words));
}

}  // namespace passport::config_gen
