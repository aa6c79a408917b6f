// The forms of time that AWS uses. Pure: the clock is the caller's.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace passport::wire::aws {

/// "20150830T123600Z": X-Amz-Date.
std::string encode_amz_date(std::chrono::sys_seconds time);

/// "2015-08-30T12:36:00Z".
std::string encode_iso8601(std::chrono::sys_seconds time);

/// "2015-08-30T12:36:00Z"; fractions of a second are dropped, offsets as "+02:00" are obeyed,
/// "UTC" for "Z" too, as the AWS CLI's caches have it.
std::optional<std::chrono::sys_seconds> decode_iso8601(std::string_view text);

/// "Sun, 30 Aug 2015 12:36:00 GMT": a Date header.
std::string encode_http_date(std::chrono::sys_seconds time);
std::optional<std::chrono::sys_seconds> decode_http_date(std::string_view text);

}  // namespace passport::wire::aws
