// The net under redaction: what looks like a secret is taken out of any text. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace passport::client {

inline constexpr std::string_view kRedacted = "[redacted]";

/// `text` with kRedacted in place of whatever looks like
///
///   a token of passportd       ppt_...
///   an access key's id         AKIA..., ASIA...
///   an access key's secret     40 characters of base64 by themselves, capitals among them
///   a long opaque word         60 of base64 or base64url with capitals, small letters and
///   digits:
///                              session tokens; not the public keys of SSH, not paths
///   a JWT                      eyJ....eyJ....
///   a private key              from BEGIN ... PRIVATE KEY to its END, or to the end of the
///   text an HTTP credential         Bearer ..., Basic ... a value by its name authorization,
///   cookie, password, secret, token and the like, before
///                              ':' or '=', to the end of the line or the quoted text
///   user and password          scheme://...@, NAME:...@
///   a signed query             X-Amz-...=
///
/// and of `known` wherever it stands, unless it is shorter than kLeastKnown bytes. JSON's "\/"
/// and percent-encoding do not hide one. Too much is taken out rather than too little. What
/// this returns it leaves as it is.
inline constexpr std::size_t kLeastKnown = 4;
std::string scrub(std::string_view text, std::span<const Secret> known = {});

/// The kind of the first thing that scrub() would take out; empty: there is none.
std::string_view find_secret(std::string_view text, std::span<const Secret> known = {});

}  // namespace passport::client
