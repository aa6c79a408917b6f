// Base64 as JSON documents of AWS carry bytes: standard alphabet, padded.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace passport {

std::string encode_base64(ByteView bytes);

/// The bytes, as a string so that a Secret can be made of them. Errors: kMalformed, without the
/// text: a foreign character, padding that is missing or not at the end, bits after the last
/// byte.
Result<std::string> decode_base64(std::string_view text);

}  // namespace passport
