// What every call of the lab's AWS shares: who calls, how it is refused, how it is written
// down.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "lab/service_state.h"
#include "wire/http.h"

namespace passport::lab {

/// One authenticated call.
struct ApiCall {
  ServiceState& state;
  Principal principal;
  std::int64_t now_unix_s = 0;
};

struct ApiError {
  int status = 400;
  std::string code;
  std::string message;
};

/// What a call did, for the audit trail.
struct ApiSubject {
  std::string action;    ///< "ssm:StartSession"
  std::string resource;  ///< arn
  std::string target;
  std::string session;
  std::map<std::string, std::string> context{};  ///< condition keys beside the caller's
};

/// AccessDenied in AWS's words when the lab was told to deny this action, or a policy of the
/// caller's does. A caller without a policy may do everything.
std::optional<ApiError> find_denial(const ApiCall& call, const ApiSubject& subject);

/// True when a policy of the caller's has a condition that this key be "true".
bool policies_ask_for(const ApiCall& call, std::string_view context_key);

void write_audit(const ApiCall& call, const ApiSubject& subject, std::string result);

/// The answer of a JSON 1.1 service.
wire::HttpResponse make_json_answer(int status, std::string body);
wire::HttpResponse make_json_error(const ApiError& error);

/// The error's answer, written into the audit trail too.
wire::HttpResponse refuse(const ApiCall& call, const ApiSubject& subject,
                          const ApiError& error);

/// The answer of a query service: `result` is XML.
wire::HttpResponse make_xml_answer(int status, std::string body);
std::string escape_xml(std::string_view text);

}  // namespace passport::lab
