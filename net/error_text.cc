#include "net/error_text.h"

#include <boost/asio/error.hpp>

namespace passport::net {

std::string describe(const boost::system::error_code& error) {
  if (error == boost::asio::error::eof) return "connection closed";
  auto text = error.message();
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  // The first word only, and only when it is no abbreviation.
  if (text.size() > 1 && is_upper(text[0]) && !is_upper(text[1])) text[0] += 'a' - 'A';
  return text;
}

}  // namespace passport::net
