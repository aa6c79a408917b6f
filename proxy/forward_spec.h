// What an option -L says.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace passport::proxy {

/// One way in on this machine, to one port behind the target.
struct ForwardSpec {
  std::string path{};              ///< of a unix socket; empty: TCP
  std::string bind = "127.0.0.1";  ///< an IP address
  unsigned short port = 0;         ///< on this machine; 0: a free one
  std::string host{};              ///< as the target resolves it; empty: the target itself
  unsigned short remote_port = 0;
};

/// "[BIND:]PORT:HOST:PORT" or "/PATH:HOST:PORT"; IPv6 addresses in brackets. HOST localhost,
/// 127.0.0.1 and [::1] are the target itself. Errors: kUsage.
Result<ForwardSpec> parse_forward(std::string_view text);

/// "ADDRESS:PORT", with brackets where they are needed.
std::string join_host_port(std::string_view host, unsigned short port);

/// "localhost:80", "db.internal:5432": where it leads.
std::string describe_remote(const ForwardSpec& spec);

}  // namespace passport::proxy
