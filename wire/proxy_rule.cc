#include "wire/proxy_rule.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "base/base64.h"
#include "base/text.h"

namespace passport::wire {
namespace {

constexpr std::size_t kMaxUrl = 4096;
constexpr std::size_t kMaxEntries = 1000;

Error unusable(std::string detail, std::string hint = {}) {
  return {Errc::kConfig, std::move(detail), std::move(hint)};
}

boost::core::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

/// The bytes of an address, 4 or 16; nothing for a name.
std::optional<Bytes> parse_address(std::string_view text) {
  if (const auto v4 = boost::urls::parse_ipv4_address(view(text))) {
    const auto bytes = v4->to_bytes();
    return Bytes(bytes.begin(), bytes.end());
  }
  if (const auto v6 = boost::urls::parse_ipv6_address(view(text))) {
    const auto bytes = v6->to_bytes();
    return Bytes(bytes.begin(), bytes.end());
  }
  return {};
}

std::optional<unsigned> parse_number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return {};
  return value;
}

bool in_network(const Bytes& address, const Bytes& network, std::size_t bits) {
  if (address.size() != network.size() || bits > address.size() * 8) return false;
  const auto whole = bits / 8;
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole),
                  network.begin()))
    return false;
  const auto rest = bits % 8;
  return rest == 0 || (address[whole] ^ network[whole]) >> (8 - rest) == 0;
}

/// `pattern`: an address or a network.
bool matches_address(const Bytes& address, std::string_view pattern) {
  const auto slash = pattern.find('/');
  const auto network = parse_address(pattern.substr(0, slash));
  if (!network) return false;
  if (slash == std::string_view::npos) return address == *network;
  const auto bits = parse_number(pattern.substr(slash + 1), 128);
  return bits && in_network(address, *network, *bits);
}

std::string_view without_dots(std::string_view name) {
  while (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

bool matches_name(std::string_view host, std::string_view pattern) {
  if (pattern.starts_with("*.")) pattern.remove_prefix(1);
  while (pattern.starts_with('.')) pattern.remove_prefix(1);
  pattern = without_dots(pattern);
  host = without_dots(host);
  if (pattern.empty() || !host.ends_with(pattern)) return false;
  return host.size() == pattern.size() || host[host.size() - pattern.size() - 1] == '.';
}

}  // namespace

Result<Proxy> parse_proxy(std::string_view url) {
  if (url.size() > kMaxUrl) return unusable("it is too long");
  const auto text = url.find("://") == std::string_view::npos ? "http://" + std::string(url)
                                                              : std::string(url);
  const auto parsed = boost::urls::parse_uri(view(text));
  if (parsed.has_error()) return unusable("it is not a URL", "a proxy is http://HOST:PORT");
  const auto& parts = parsed.value();
  const auto scheme = to_lower({parts.scheme().data(), parts.scheme().size()});
  if (scheme != "http" && scheme != "https")
    return unusable("its scheme \"" + scheme + "\" is not http or https",
                    "name an HTTP proxy in HTTPS_PROXY, or hosts in NO_PROXY");
  const auto host = parts.encoded_host_address();
  if (host.empty() || host.contains('%')) return unusable("it has no host that can be used");
  const auto port_text = parts.port();
  const auto port = parse_number({port_text.data(), port_text.size()}, 65535);
  if (parts.has_port() && port.value_or(0) == 0) return unusable("its port is out of range");
  const auto path = parts.encoded_path();
  if ((!path.empty() && path != "/") || parts.has_query() || parts.has_fragment())
    return unusable("it has more than host and port");

  Proxy out;
  out.endpoint.tls = scheme == "https";
  out.endpoint.host = to_lower({host.data(), host.size()});
  const auto usual = out.endpoint.tls ? 443 : 80;
  out.endpoint.port = static_cast<unsigned short>(port.value_or(usual));
  if (parts.has_userinfo() && !parts.encoded_userinfo().empty()) {
    const Secret pair(parts.user() + ":" + parts.password());
    out.authorization = Secret("Basic " + encode_base64(as_bytes(pair.reveal())));
  }
  return out;
}

NoProxy::NoProxy(std::string_view list) {
  constexpr std::string_view kGap = ", \t\r\n";
  while (entries_.size() < kMaxEntries) {
    const auto begin = list.find_first_not_of(kGap);
    if (begin == std::string_view::npos) return;
    list.remove_prefix(begin);
    auto text = list.substr(0, list.find_first_of(kGap));
    list.remove_prefix(text.size());

    Entry entry;
    const auto colon = text.rfind(':');
    const bool one_colon = colon != std::string_view::npos && text.find(':') == colon;
    const bool bracketed = text.starts_with('[');
    if (one_colon || (bracketed && text.find("]:") != std::string_view::npos)) {
      const auto port = parse_number(text.substr(colon + 1), 65535);
      if (!port || *port == 0) continue;
      entry.port = static_cast<int>(*port);
      text = text.substr(0, colon);
    }
    entry.text = to_lower(text);
    std::erase_if(entry.text, [](char c) { return c == '[' || c == ']'; });
    entries_.push_back(std::move(entry));
  }
}

bool NoProxy::covers(const Endpoint& endpoint) const {
  const auto host = to_lower(endpoint.host);
  const auto address = parse_address(host);
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    if (entry.port != 0 && entry.port != endpoint.port) return false;
    if (entry.text == "*") return true;
    return address ? matches_address(*address, entry.text) : matches_name(host, entry.text);
  });
}

ProxyRule::ProxyRule(std::string_view name, std::string_view proxy, std::string_view no_proxy)
    : name_(name), no_proxy_(no_proxy) {
  if (proxy.empty()) return;
  proxy_ = parse_proxy(proxy);
}

Result<const Proxy*> ProxyRule::find(const Endpoint& endpoint) const {
  const Proxy* const none = nullptr;
  if (!endpoint.tls || is_loopback(endpoint.host) || no_proxy_.covers(endpoint)) return none;
  if (!proxy_) {
    auto error = proxy_.error();
    error.detail = name_ + " cannot be used: " + error.detail;
    return error;
  }
  return proxy_->endpoint.host.empty() ? none : &*proxy_;
}

}  // namespace passport::wire
