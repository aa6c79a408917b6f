#include "lab/api_call.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.h"

namespace passport::lab {

std::optional<ApiError> find_denial(const ApiCall& call, const ApiSubject& subject) {
  const auto& deny = call.state.faults.deny;
  const auto name = subject.action.substr(subject.action.find(':') + 1);
  if (!deny.contains(subject.action) && !deny.contains(name)) return std::nullopt;
  return ApiError{
      400, "AccessDeniedException",
      fmt::format("User: {} is not authorized to perform: {} on resource: {} because no "
                  "identity-based policy allows the {} action",
                  call.principal.arn, subject.action, subject.resource, subject.action)};
}

void write_audit(const ApiCall& call, const ApiSubject& subject, std::string result) {
  call.state.audit({call.now_unix_s, call.principal.arn, subject.action, subject.target,
                    subject.session, std::move(result)});
}

wire::HttpResponse make_json_answer(int status, std::string body) {
  return {status, {{"Content-Type", "application/x-amz-json-1.1"}}, std::move(body)};
}

wire::HttpResponse make_json_error(const ApiError& error) {
  return make_json_answer(
      error.status,
      json::serialize(json::object{{"__type", error.code}, {"message", error.message}}));
}

wire::HttpResponse make_xml_answer(int status, std::string body) {
  return {status, {{"Content-Type", "text/xml"}}, std::move(body)};
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

}  // namespace passport::lab
