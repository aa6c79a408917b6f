#include "proxy/forward_spec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/text.h"

namespace passport::proxy {
namespace {

constexpr std::size_t kMaxHost = 253;  ///< of a DNS name
constexpr std::size_t kMaxPath = 107;  ///< sockaddr_un, with its NUL

/// The parts between colons that are not in brackets, without the brackets; nullopt when these
/// do not match.
std::optional<std::vector<std::string>> split(std::string_view text) {
  std::vector<std::string> parts(1);
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '[' && !inside && parts.back().empty()) {
      inside = true;
    } else if (c == ']' && inside) {
      inside = false;
      if (i + 1 < text.size() && text[i + 1] != ':') return std::nullopt;
    } else if (c == ':' && !inside) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (inside) return std::nullopt;
  return parts;
}

std::optional<unsigned short> parse_port(std::string_view text, unsigned least) {
  unsigned port = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end || port < least || port > 65535)
    return std::nullopt;
  return static_cast<unsigned short>(port);
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= kMaxHost &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_' || c == ':';
         });
}

bool is_target_itself(std::string_view host) {
  return equal_ignoring_case(host, "localhost") || host == "127.0.0.1" || host == "::1";
}

}  // namespace

Result<ForwardSpec> parse_forward(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return Error{Errc::kUsage, fmt::format("-L \"{}\": {}", text, what)};
  };
  auto parts = split(text);
  if (!parts || parts->size() < 3)
    return wrong("not [BIND:]PORT:HOST:PORT or /PATH:HOST:PORT, with IPv6 in brackets");
  ForwardSpec spec;
  const auto remote_port = parse_port(parts->back(), 1);
  if (!remote_port) return wrong("the port behind the target is not within 1 to 65535");
  spec.remote_port = *remote_port;
  parts->pop_back();
  const auto host = parts->back();
  if (!is_host(host)) return wrong("that is no host name");
  if (!is_target_itself(host)) spec.host = host;
  parts->pop_back();
  if (text.front() == '/') {
    spec.path = parts->front();
    if (parts->size() != 1) return wrong("a socket's path has no colon");
    if (spec.path.size() > kMaxPath)
      return wrong(fmt::format("a socket's path has at most {} bytes", kMaxPath));
    return spec;
  }
  const auto port = parse_port(parts->back(), 0);
  if (!port || parts->size() > 2) return wrong("the local port is not within 0 to 65535");
  spec.port = *port;
  if (parts->size() == 1) return spec;
  if (equal_ignoring_case(parts->front(), "localhost")) return spec;
  spec.bind = parts->front();
  if (!is_address(spec.bind)) return wrong("BIND is an IP address of this machine");
  return spec;
}

std::string join_host_port(std::string_view host, unsigned short port) {
  const bool six = host.find(':') != std::string_view::npos;
  return six ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string describe_remote(const ForwardSpec& spec) {
  return join_host_port(spec.host.empty() ? "localhost" : spec.host, spec.remote_port);
}

}  // namespace passport::proxy
