// What scp's words mean: files here and on an instance. Pure.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace passport::copy {

/// `host` is empty for a file here; else as it was said, [user@]host. `path` is never empty.
struct Place {
  std::string host{};
  std::string path{};

  bool remote() const { return !host.empty(); }
  bool operator==(const Place&) const = default;
};

/// [user@]host:path, as scp reads it: the colon counts before the first slash, and not in
/// front. A remote path that is empty, "~" or below "~/" is relative to the user's folder.
/// Errors: kUsage.
Result<Place> parse_place(std::string_view text);

/// One name in a folder, whoever said it: not empty, not "." or "..", without '/' or NUL, and
/// no longer than a file system takes.
bool is_plain_name(std::string_view name);

/// The last name of a path; empty when there is none ("/", ".", "..", "a/..").
std::string base_name(std::string_view path);
/// What comes before it: "/" or without a slash at its end; "." when there is nothing.
std::string parent_of(std::string_view path);
std::string join(std::string_view folder, std::string_view name);

inline constexpr std::string_view kPartSuffix = ".passport-part";
/// Where the bytes of a file of this name are until they are whole, in the same folder.
std::string part_name(std::string_view name);
std::string part_path(std::string_view path);
inline constexpr std::string_view kJournalSuffix = ".journal";  ///< of a part's, beside it

/// Whether the shell would take it for a pattern, and it without backslashes.
bool has_pattern(std::string_view text);
std::string unescape_pattern(std::string_view text);
/// For scp -O, which gives paths to the shell there: what is no pattern means itself. `source`:
/// a pattern is one. Errors: kUsage, for what cannot be said so.
Result<std::string> quote_for_scp(std::string_view path, bool source);
/// Whether a name is what a pattern (without slashes) means; one with a dot in front only by a
/// dot.
bool matches_name(const std::string& pattern, const std::string& name);

}  // namespace passport::copy
