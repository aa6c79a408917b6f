// What the API answers, and how that is said in HTTP.
#pragma once
#include <optional>
#include <string>

#include "base/json.h"
#include "service/access_request.h"
#include "wire/http.h"

namespace passport::service {

/// What a call about a session may do, once its transaction has said so.
struct SessionStep {
  AccessRequest request;
  std::string instance;
  std::string session{};  ///< empty: to be started
};

/// What it is answered with; the body is JSON unless it has another type.
struct ApiAnswer {
  int status = 200;
  json::object body{};
  std::string bytes{};  ///< in place of `body`
  std::string type{};
  std::optional<SessionStep> step{};  ///< to be taken before there is an answer
};

/// 400, 401, 403, 404, 409, 413, 429, 500, 503 or 504.
int http_status(Errc code);
/// The word for it: "invalid", "denied", ...
std::string_view code_of(Errc code);

wire::HttpResponse render(const ApiAnswer& answer);
/// {"error": {"code", "message", "hint"?}}; of an error of our own nothing is told.
wire::HttpResponse render(const Error& error);
/// The same, for what the server refuses before there is a call.
wire::HttpResponse refuse(int status, std::string why);

}  // namespace passport::service
