// Credentials as programs and local services hand them out, in JSON.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/aws/access_key.h"

namespace passport::wire::aws {

/// The output of a credential_process: Version 1, AccessKeyId, SecretAccessKey, and perhaps
/// SessionToken and Expiration. Errors: kMalformed, without any of the text.
Result<IssuedKey> parse_process_credentials(std::string_view text);

/// The answer of a container's or an instance's metadata service: AccessKeyId, SecretAccessKey,
/// Token, Expiration; a Code other than "Success" is an error that quotes it. Errors:
/// kMalformed.
Result<IssuedKey> parse_metadata_credentials(std::string_view text);

}  // namespace passport::wire::aws
