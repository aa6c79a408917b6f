// How this process reaches others: whom it trusts, and through which proxy.
#pragma once
#include <memory>

#include "net/tls.h"
#include "wire/proxy_rule.h"

namespace passport::net {

class WarmConnections;

/// Cheap to copy.
struct Outbound {
  Outbound(TlsContext context)  // implicit: trust alone, and no proxy
      : tls(std::move(context)) {}
  Outbound(TlsContext context, wire::ProxyRule rule)
      : tls(std::move(context)),
        proxies(std::make_shared<const wire::ProxyRule>(std::move(rule))) {}

  TlsContext tls;
  std::shared_ptr<const wire::ProxyRule> proxies = std::make_shared<const wire::ProxyRule>();
  std::shared_ptr<WarmConnections> warm{};  ///< null: none are made beforehand
};

}  // namespace passport::net
