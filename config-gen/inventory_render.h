// What Ansible is told of the instances that a user has access to. Pure.
#pragma once
#include <string>
#include <vector>

#include "api/access.h"
#include "base/json.h"

namespace passport::config_gen {

struct InventoryPlan {
  std::vector<api::Access> accesses{};
  std::string ssh_config{};             ///< path of the one that has these hosts
  std::vector<std::string> tag_keys{};  ///< of the tags whose values make groups
};

/// What an inventory script answers to --list, with "_meta". Hosts are named by instance id.
/// Groups are named by letters, digits and '_'; two different things never share a name.
///
/// Ansible evaluates what it finds in an inventory as templates: whatever somebody else wrote
/// (names, values of tags) is marked unsafe, and is no name of a variable. Keys of tags cannot
/// be marked, so those with a '{' or with a meaning of Ansible's are left out.
json::object render_inventory(InventoryPlan plan);

/// What it answers to --host: of an inventory that render_inventory() made, valid as long as
/// that; nullptr for a host that is not there.
const json::object* find_host_variables(const json::object& inventory, const std::string& host);

/// An executable file that runs `words`, and after them the arguments it is given itself.
std::string render_inventory_file(const std::vector<std::string>& words);

}  // namespace passport::config_gen
