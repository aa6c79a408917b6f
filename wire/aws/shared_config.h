// The files that the AWS CLI and SDKs share: ~/.aws/config and ~/.aws/credentials.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace passport::wire::aws {

/// One section. Names are lower case.
struct ConfigSection {
  using Values = std::map<std::string, std::string, std::less<>>;
  Values values;
  /// The indented settings under a name without a value: nested["s3"]["addressing_style"].
  std::map<std::string, Values, std::less<>> nested;

  /// Empty when it is absent.
  std::string_view find(std::string_view name) const;
};

struct SharedConfig {
  using Sections = std::map<std::string, ConfigSection, std::less<>>;
  Sections profiles;
  Sections sso_sessions;
  Sections services;
};

enum class SharedFile { kConfig, kCredentials };

inline constexpr std::size_t kMaxSharedFile = 1 << 20;

/// Reads the AWS CLI's dialect of INI.
///
///   [default] [profile NAME] [sso-session NAME] [services NAME]   in the config file
///   [NAME]                                                        in the credentials file
///   name = value        white space around both is dropped; the last of equal names counts
///   name =              then indented "name = value" lines: nested settings
///     more              an indented line after a value continues it, joined by a line feed
///   # or ;              starts a comment at the start of a line, or after white space
///
/// [profile default] counts before [default]. Sections of other kinds are skipped. A section
/// that comes again adds to the first.
/// Errors: kMalformed as "line N: ..."; kTooLarge above kMaxSharedFile. Values are not shown.
/// Source: "Shared config and credentials files", AWS SDKs and Tools Reference Guide; the AWS
/// CLI.
Result<SharedConfig> parse_shared_config(std::string_view text, SharedFile kind);

}  // namespace passport::wire::aws
