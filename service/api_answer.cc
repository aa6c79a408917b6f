#include "service/api_answer.h"

#include <boost/json/serialize.hpp>

namespace passport::service {

namespace {

std::string_view word_for(int status) {
  switch (status) {
    case 400:
      return "invalid";
    case 401:
      return "unauthenticated";
    case 403:
      return "denied";
    case 404:
      return "not_found";
    case 409:
      return "conflict";
    case 413:
    case 431:
      return "too_large";
    case 429:
      return "throttled";
    case 503:
      return "unavailable";
    case 504:
      return "timeout";
    default:
      return "internal";
  }
}

}  // namespace

int http_status(Errc code) {
  switch (code) {
    case Errc::kUsage:
    case Errc::kMalformed:
    case Errc::kIncomplete:
      return 400;
    case Errc::kExpired:
      return 401;
    case Errc::kDenied:
      return 403;
    case Errc::kNotFound:
      return 404;
    case Errc::kConflict:
      return 409;
    case Errc::kTooLarge:
      return 413;
    case Errc::kThrottled:
      return 429;
    case Errc::kUnavailable:
      return 503;
    case Errc::kTimeout:
      return 504;
    case Errc::kProtocol:
    case Errc::kConfig:
    case Errc::kInternal:
      break;
  }
  return 500;
}

std::string_view code_of(Errc code) {
  return word_for(http_status(code));
}

wire::HttpResponse render(const ApiAnswer& answer) {
  wire::HttpResponse out;
  out.status = answer.status;
  out.headers = {{"Content-Type", answer.type.empty() ? "application/json" : answer.type},
                 {"Cache-Control", "no-store"},
                 {"X-Content-Type-Options", "nosniff"}};
  out.body = answer.type.empty() ? json::serialize(answer.body) + "\n" : answer.bytes;
  return out;
}

wire::HttpResponse render(const Error& error) {
  json::object inner{{"code", code_of(error.code)}, {"message", error.detail}};
  if (!error.hint.empty()) inner["hint"] = error.hint;
  if (error.code == Errc::kInternal) inner["message"] = "an error of the service's own";
  auto out = render(ApiAnswer{http_status(error.code), {{"error", std::move(inner)}}});
  if (out.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
  return out;
}

wire::HttpResponse refuse(int status, std::string why) {
  json::object inner{{"code", word_for(status)}, {"message", std::move(why)}};
  return render(ApiAnswer{status, {{"error", std::move(inner)}}});
}

}  // namespace passport::service
