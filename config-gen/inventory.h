// passport-inventory: what Ansible asks of a dynamic inventory.
#pragma once
#include <string>
#include <vector>

namespace passport::config_gen {

struct InventoryWish {
  std::string host{};                   ///< variables of this one alone; empty: the whole
  std::vector<std::string> tag_keys{};  ///< see InventoryPlan
};

/// Has passport-ssh-config write the configuration of what is active, and prints it as JSON.
/// The exit status; what went wrong has been said.
int run_inventory(const InventoryWish& wish);

/// Writes the file for `ansible -i` into this user's own folder and prints its path. The file
/// runs this program. The exit status; what went wrong has been said.
int run_inventory_path(const std::vector<std::string>& tag_keys);

}  // namespace passport::config_gen
