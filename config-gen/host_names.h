// What instances are called in an ssh_config beside their ids. Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"

namespace passport::config_gen {

inline constexpr std::size_t kMaxAlias = 63;  ///< bytes of a name's own part

/// What people called an instance, as a word that is safe wherever it stands: lower-case
/// letters, digits, '_' and '-', of which a letter or digit is the first and the last. Whatever
/// else there is becomes one '-'. Empty when nothing is left, or when it would be taken for an
/// id or for this machine.
std::string make_alias(std::string_view name);

/// Aliases by id, of those hosts that have one: "web", where one host alone is called so;
/// "web.i-0123456789abcdef0" where several are. No two are the same, and none is an id.
std::map<std::string, std::string> find_aliases(const std::vector<const api::Host*>& hosts);

}  // namespace passport::config_gen
