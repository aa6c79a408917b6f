#include "wire/http.h"

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>

#include "base/text.h"

namespace passport::wire {

std::string_view find_header(const HttpHeaders& headers, std::string_view name) {
  for (const auto& [field, value] : headers)
    if (equal_ignoring_case(field, name)) return value;
  return {};
}

std::string Endpoint::authority() const {
  const auto bracketed = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  return port == (tls ? 443 : 80) ? bracketed : bracketed + ":" + std::to_string(port);
}

std::string Endpoint::url() const {
  return (tls ? "https://" : "http://") + authority() + path;
}

bool is_loopback(std::string_view host) {
  const boost::core::string_view text(host.data(), host.size());
  if (const auto v4 = boost::urls::parse_ipv4_address(text)) return v4->is_loopback();
  if (const auto v6 = boost::urls::parse_ipv6_address(text)) return v6->is_loopback();
  return equal_ignoring_case(host, "localhost");
}

}  // namespace passport::wire
