// Keys that the service signs with: in a file of its own, or on a token.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "wire/ssh/signature.h"

namespace passport::service {

using RandomSource = std::function<void(std::span<std::uint8_t>)>;

/// The key at `place`: a file, or "pkcs11:..."; empty: the file `own`, which is made (0600) if
/// it is not there. Errors: kConfig: no such file, another type; kDenied: others may read it;
/// kUnavailable; kMalformed. Each names the place.
Result<std::unique_ptr<wire::ssh::Signer>> open_key(const std::string& place,
                                                    const std::string& own,
                                                    wire::ssh::KeyType type,
                                                    const RandomSource& random);

}  // namespace passport::service
