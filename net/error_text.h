// System errors in the words of this house's messages.
#pragma once
#include <string>

#include <boost/system/error_code.hpp>

namespace passport::net {

/// Lower case, no full stop: "connection refused", "connection closed".
std::string describe(const boost::system::error_code& error);

}  // namespace passport::net
