// Which connections go through an HTTP proxy, as the environment's variables say.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "wire/http.h"

namespace passport::wire {

/// An HTTP proxy that is asked with CONNECT.
struct Proxy {
  Endpoint endpoint;     ///< tls: the way to the proxy itself is encrypted
  Secret authorization;  ///< of Proxy-Authorization; empty: none
};

/// The value of HTTPS_PROXY: [http[s]://][USER[:PASSWORD]@]HOST[:PORT], user and password
/// percent-encoded; port 80 or 443 when there is none. Errors: kConfig, without the text, which
/// may hold a password.
Result<Proxy> parse_proxy(std::string_view url);

/// Hosts of NO_PROXY: entries between commas or spaces.
///
///   *                      every host
///   example.com            that host and those under it; ".example.com", "*.example.com" too
///   10.1.2.3  fd00::1      that address
///   10.1.0.0/16  fd00::/8  the addresses of that network
///   ENTRY:PORT             one of the first three, on that port alone; [fd00::1]:PORT
///
/// Host names of a network's addresses are not looked up: a name matches names alone.
class NoProxy {
 public:
  NoProxy() = default;
  /// Entries that are none of these match nothing.
  explicit NoProxy(std::string_view list);

  bool covers(const Endpoint& endpoint) const;

 private:
  struct Entry {
    std::string text;  ///< name or network, lower case
    int port = 0;      ///< 0: every port
  };
  std::vector<Entry> entries_;
};

/// The variables together.
class ProxyRule {
 public:
  ProxyRule() = default;
  /// `proxy`: the value of the variable `name`; empty: there is no proxy.
  ProxyRule(std::string_view name, std::string_view proxy, std::string_view no_proxy);

  /// The proxy for `endpoint`; null: none. What is not TLS goes direct (this project speaks
  /// plain HTTP to this machine and to metadata services alone), and so does loopback.
  /// Errors: kConfig, when one is needed and the variable cannot be used.
  Result<const Proxy*> find(const Endpoint& endpoint) const;

 private:
  std::string name_;
  Result<Proxy> proxy_{Proxy{}};  ///< without a host: none
  NoProxy no_proxy_;
};

}  // namespace passport::wire
