// HTTP messages over a BufferedStream: what the client and the server share.
#pragma once
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/buffered_stream.h"
#include "wire/http.h"

namespace passport::net {

namespace http = boost::beast::http;

inline constexpr std::uint32_t kMaxHttpHeader = 64 << 10;

/// Reads until `parser` has its header, or its whole message. Bytes that follow stay in the
/// stream. Errors: the network's and the parser's; end_of_stream before the first byte.
template <bool kIsRequest>
Task<error_code> read_http(BufferedStream stream,
                           http::parser<kIsRequest, http::string_body>& parser,
                           bool header_only) {
  parser.eager(!header_only);
  const auto complete = [&] {
    return header_only ? parser.is_header_done() : parser.is_done();
  };
  while (!complete()) {
    error_code error;
    const auto bytes = stream.buffered();
    if (!bytes.empty()) {
      stream.consume(parser.put(asio::buffer(bytes.data(), bytes.size()), error));
      if (error && error != http::error::need_more) co_return error;
      if (complete()) break;
      if (!error && !stream.buffered().empty()) continue;
    }
    error = co_await stream.fill();
    if (error == asio::error::eof) {
      if (!parser.got_some()) co_return http::error::end_of_stream;
      error_code cut;
      parser.put_eof(cut);
      if (cut) co_return cut;
      continue;
    }
    if (error) co_return error;
  }
  co_return error_code();
}

wire::HttpHeaders headers_of(const http::fields& fields);

/// True when names are tokens and values hold no control characters: nothing in them can
/// start another header or message.
bool headers_are_sound(const wire::HttpHeaders& headers);

/// "NAME: VALUE" lines, without the empty one at the end.
void append_headers(std::string& out, const wire::HttpHeaders& headers);

}  // namespace passport::net
