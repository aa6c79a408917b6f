#include "config-gen/agent.h"

#include <fmt/format.h>

#include "base/text.h"
#include "net/command.h"

namespace passport::config_gen {
namespace {

constexpr std::chrono::seconds kPatience{100};  ///< an RSA key is made, two commands run

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
  co_return Error{
      Errc::kUnavailable,
      "passport-agent: " + (said.empty() ? net::describe_status(end->status) : said)};
}

net::Task<Result<void>> tell(std::vector<std::string> words) {
  auto asked = ask(std::move(words));
  const auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  co_return Result<void>();
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
    Held held{end->get_int64(), find_string(*request, "keys")};
    if (const auto* identities = find_array(*request, "identities"))
      for (const auto& identity : *identities)
        if (const auto* object = identity.if_object())
          held.certificates.push_back(find_string(*object, "certificate"));
    out.emplace(find_string(*request, "id"), std::move(held));
  }
  return out;
}

net::Task<Result<std::string>> start_agent() {
  auto asked = ask({"start"});
  auto answer = co_await std::move(asked);
  if (answer) answer->resize(std::min(answer->find('\n'), answer->size()));
  co_return answer;
}

net::Task<Result<HeldByRequest>> list_held() {
  std::vector<std::string> words{"list", "--json"};
  auto asked = ask(std::move(words));
  const auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  co_return parse_held(*answer);
}

net::Task<Result<void>> hold(std::string request, std::chrono::seconds lasts,
                             std::string keys) {
  std::vector<std::string> words{
      "add-request",
      "--for",
      fmt::format("{}s", lasts.count()),
      "--keyType",
      std::move(keys),
      "--certificate-command",
      "exec '" + net::find_program("passport-request") + "' certify " + request,
      request};
  return tell(std::move(words));
}

net::Task<Result<void>> drop(std::string request) {
  std::vector<std::string> words{"drop-request", std::move(request)};
  return tell(std::move(words));
}

}  // namespace passport::config_gen
