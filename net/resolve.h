// Names to addresses, within a deadline.
#pragma once
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "base/result.h"
#include "net/asio.h"

namespace passport::net {

/// The addresses of `host` (a name or an address), in the order to try them. The system's
/// look-up cannot be cancelled: it runs on a thread of its own, which is left behind when the
/// deadline comes first. Errors: kUnavailable with the name, kTimeout.
Task<Result<std::vector<asio::ip::tcp::endpoint>>> resolve(std::string host,
                                                           unsigned short port,
                                                           Deadline deadline);

}  // namespace passport::net
