// Bearer tokens: random text of which the database holds only hashes.
#pragma once
#include <optional>
#include <string>

#include "base/secret.h"
#include "service/authorise.h"
#include "service/authorities.h"
#include "service/database.h"

namespace passport::service {

inline constexpr std::chrono::seconds kUsualTokenLife{8 * 3600};
inline constexpr std::chrono::seconds kLongestTokenLife{30 * 24 * 3600};

/// "ppt_" and 43 characters of base64url: 32 random bytes.
Secret make_token(const RandomSource& random);

/// Errors: as SqlTransaction::query(); kUsage: a name or a group that is empty or has blanks.
Result<void> insert_token(SqlTransaction& transaction, const Secret& token,
                          const Subject& subject, std::chrono::seconds life);

/// Whom the token was issued to; nullopt: nobody, or it is over.
Result<std::optional<Subject>> find_subject(SqlTransaction& transaction, const Secret& token);

/// Unix ms; 0: there is no such token.
Result<std::int64_t> find_token_end(SqlTransaction& transaction, const Secret& token);

Result<void> revoke_token(SqlTransaction& transaction, const Secret& token);

}  // namespace passport::service
