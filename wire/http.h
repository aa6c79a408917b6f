// HTTP messages as plain values: what wire/aws signs, net sends and the lab answers.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace passport::wire {

/// Header fields in the order given. Names compare without case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The value of the first field of that name; empty when there is none.
std::string_view find_header(const HttpHeaders& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";  ///< origin form, percent-encoded: path and, after '?', the query
  HttpHeaders headers;       ///< without Host, Content-Length and Connection: net adds these
  std::string body;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
};

/// Where an HTTP service is: "https://host:port/base".
struct Endpoint {
  bool tls = true;
  std::string host;  ///< a name or an address, without brackets
  unsigned short port = 443;
  std::string path;  ///< prefix of every target; empty or "/..." without a final '/'

  /// host, and ":port" when it is not the scheme's own: what a Host header says.
  std::string authority() const;
  std::string url() const;
  bool operator==(const Endpoint&) const = default;
};

/// Whether `host` is this machine whatever the network says: "localhost", an IPv4 address in
/// 127.0.0.0/8 in four decimal parts, or the IPv6 address ::1 without brackets.
bool is_loopback(std::string_view host);

}  // namespace passport::wire
