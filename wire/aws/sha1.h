// SHA-1, by which the AWS CLI names the files of its caches.
#pragma once
#include <string>
#include <string_view>

namespace passport::wire::aws {

/// 40 hexadecimal digits.
std::string sha1_hex(std::string_view text);

}  // namespace passport::wire::aws
