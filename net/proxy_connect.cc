#include "net/proxy_connect.h"

#include <fmt/format.h>

#include "net/connect.h"
#include "net/error_text.h"
#include "net/http_io.h"

namespace passport::net {
namespace {

/// "host:port", the port always: RFC 9112 section 3.2.3.
std::string authority_form(const wire::Endpoint& endpoint) {
  const bool bracket = endpoint.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(bracket ? "[{}]:{}" : "{}:{}"), endpoint.host, endpoint.port);
}

Error refusal(const std::string& proxy, const wire::Endpoint& endpoint, unsigned status,
              bool authorized) {
  if (status == 407 || status == 401) {  // tinyproxy says 401 to wrong ones
    return {
        Errc::kDenied,
        authorized ? fmt::format("proxy {} refused the user or the password", proxy)
                   : fmt::format("proxy {} asks for a user and a password", proxy),
        "put them, percent-encoded, into the proxy's variable: http://USER:PASSWORD@" + proxy};
  }
  const bool denied = status == 403;
  return {denied ? Errc::kDenied : Errc::kUnavailable,
          fmt::format("proxy {} answered {} to a connection to {}", proxy, status,
                      name_of(endpoint)),
          denied ? "the proxy's rules must allow CONNECT to that host, or NO_PROXY must name it"
                 : ""};
}

Error failure(const std::string& proxy, const error_code& error) {
  if (error == http::error::header_limit || error == asio::error::no_buffer_space) {
    return {Errc::kProtocol, fmt::format("answer from proxy {} is too large", proxy)};
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) {
    return {Errc::kUnavailable,
            fmt::format("proxy {} closed the connection without an answer", proxy)};
  }
  if (error.category() == make_error_code(http::error::bad_version).category()) {
    return {Errc::kProtocol,
            fmt::format("answer from proxy {} is not HTTP: {}", proxy, describe(error))};
  }
  return {Errc::kUnavailable,
          fmt::format("connection to proxy {}: {}", proxy, describe(error))};
}

}  // namespace

Task<Result<void>> connect_through(BufferedStream stream, const wire::Proxy& proxy,
                                   wire::Endpoint endpoint) {
  const auto name = name_of(proxy.endpoint);
  const bool authorized = !proxy.authorization.empty();
  const auto target = authority_form(endpoint);
  wire::HttpHeaders headers = {{"Host", target}};
  if (authorized) headers.emplace_back("Proxy-Authorization", proxy.authorization.reveal());
  if (!headers_are_sound(headers) || target.find_first_of(" \t") != std::string::npos) {
    co_return Error{Errc::kInternal, "request holds characters that HTTP does not allow"};
  }
  auto request = fmt::format("CONNECT {} HTTP/1.1\r\n", target);
  append_headers(request, headers);
  request += "\r\n";
  stream.append(as_bytes(request));
  auto error = co_await stream.flush();
  if (error) co_return failure(name, error);

  http::response_parser<http::string_body> parser;
  parser.header_limit(kMaxProxyAnswer);
  parser.skip(true);
  error = co_await read_http(stream, parser, true);
  if (error) co_return failure(name, error);
  const auto status = parser.get().result_int();
  if (status / 100 != 2) co_return refusal(name, endpoint, status, authorized);
  if (!stream.buffered().empty()) {
    co_return Error{Errc::kProtocol, fmt::format("proxy {} sent more than its answer", name)};
  }
  co_return Result<void>();
}

}  // namespace passport::net
