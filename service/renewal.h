// Users that were made with other settings than today's: told anew.
#pragma once
#include <string>
#include <vector>

#include "service/database.h"
#include "wire/ssh/public_key.h"

namespace passport::service {

/// Of what every script that makes a user says: whom to trust, and sudo.
std::string digest_of_settings(const std::vector<wire::ssh::PublicKey>& authorities, bool sudo);

/// Has instances of live requests that were told otherwise told again, as an extension does.
/// Returns the number of requests, each of which is logged.
Result<std::size_t> renew_requests(SqlTransaction& transaction, const std::string& digest,
                                   const std::vector<wire::ssh::PublicKey>& authorities);

}  // namespace passport::service
