#include "lab/shell_document.h"

#include <array>

#include <fmt/format.h>

#include "wire/ssm/payloads.h"

namespace passport::lab {
namespace {

constexpr const char* kCommand = "command";
constexpr const char* kSeparateErrors = "separateOutputStream";

struct Document {
  std::string_view name;
  std::string_view type;
};
constexpr std::array<Document, 4> kDocuments{{
    {"", wire::ssm::kStandardStream},
    {"SSM-SessionManagerRunShell", wire::ssm::kStandardStream},
    {"AWS-StartInteractiveCommand", wire::ssm::kInteractiveCommands},
    {"AWS-StartNonInteractiveCommand", wire::ssm::kNonInteractiveCommands},
}};

const Document* find_document(std::string_view name) {
  for (const auto& document : kDocuments) {
    if (document.name == name) return &document;
  }
  return nullptr;
}

std::string first_value(const Parameters& parameters, const char* name) {
  const auto it = parameters.find(name);
  return it == parameters.end() || it->second.empty() ? "" : it->second.front();
}

json::object make_parameter(const char* fallback) {
  json::object out{{"type", "String"}, {"description", ""}};
  if (fallback) out["default"] = fallback;
  return out;
}

}  // namespace

std::optional<ShellSession> find_shell(const Session& session) {
  const auto* document = find_document(session.document);
  if (!document) return std::nullopt;
  return ShellSession{document->type, first_value(session.parameters, kCommand),
                      first_value(session.parameters, kSeparateErrors) == "True"};
}

bool is_shell_document(std::string_view name) {
  return find_document(name) != nullptr;
}

std::string check_shell_parameters(std::string_view document, const Parameters& parameters) {
  const auto* known = find_document(document);
  const bool shell = known->type == wire::ssm::kStandardStream;
  const bool separates = known->type == wire::ssm::kNonInteractiveCommands;
  for (const auto& [name, values] : parameters) {
    if ((name != kCommand || shell) && (name != kSeparateErrors || !separates))
      return fmt::format("Parameter \"{}\" is not a parameter of document {}.", name, document);
    if (values.size() != 1)
      return fmt::format("Parameter \"{}\" must have exactly one value.", name);
    if (name == kSeparateErrors && values[0] != "True" && values[0] != "False")
      return fmt::format("Parameter \"{}\" has value \"{}\" not in [True, False].", name,
                         values[0]);
  }
  if (!shell && first_value(parameters, kCommand).empty())
    return fmt::format("Parameter \"{}\" is required by document {}.", kCommand, document);
  return {};
}

json::object make_shell_document(const Session& session) {
  const auto shell = find_shell(session);
  json::object document{{"schemaVersion", "1.0"},
                        {"description", session.document},
                        {"sessionType", std::string(shell->type)},
                        {"inputs", json::object{}}};
  if (shell->type == wire::ssm::kStandardStream) return document;
  json::object parameters{{kCommand, make_parameter(nullptr)}};
  json::object linux{{"commands", "{{ command }}"}, {"runAsElevated", false}};
  if (shell->type == wire::ssm::kNonInteractiveCommands) {
    parameters[kSeparateErrors] = make_parameter("False");
    linux[kSeparateErrors] = "{{ separateOutputStream }}";
  }
  document["parameters"] = std::move(parameters);
  document["properties"] = json::object{{"linux", std::move(linux)}};
  return document;
}

}  // namespace passport::lab
