// Whether instances can be used: from the request to a login.
#pragma once
#include <string>
#include <vector>

#include "config-gen/files.h"

namespace passport::config_gen {

inline constexpr std::chrono::seconds kCheckTime{30};  ///< for all of them
inline constexpr std::size_t kChecksAtOnce = 16;

/// The id of the instance that the name is for ssh, when `written` is in its file; else of the
/// one of all these requests that is called so, which may have no user. A name may be an id.
/// Pure. Errors: kDenied: there is none such; kUsage: there are several.
Result<std::string> find_instance(const std::string& name,
                                  const std::vector<json::object>& requests,
                                  const std::vector<CertifiedAccess>& written);

/// Why the instance is not among those that have a user: kDenied or kUnavailable. Pure.
Error explain_missing(const std::string& instance, const std::vector<json::object>& requests);

/// Logs in to each instance, several at once, as ssh would with what was written, and ends the
/// session. What went wrong, in the order of `instances`.
std::vector<Result<void>> check_logins(const std::vector<std::string>& instances,
                                       const std::vector<CertifiedAccess>& accesses,
                                       const Places& places, const api::Service& service);

}  // namespace passport::config_gen
