// What a lab instance is told at its start: host keys and users, as a script; and the
// sshd_config of an instance without namespaces.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/instance.h"

namespace passport::lab {

inline constexpr const char* kHostKeyTypes[] = {"ed25519", "ecdsa", "rsa"};

/// A private host key in OpenSSH's form, of one of kHostKeyTypes.
struct HostKey {
  std::string type;
  std::string private_key;
};

/// Errors: kUsage, naming the field: a name outside its alphabet, a shell that is no plain
/// absolute path.
Result<void> check_instance_spec(const InstanceSpec& spec);

/// A script for the instance's root: installs the host keys, makes the users that do not exist
/// and writes each one's authorized_keys and sudo rule. The spec must have been checked.
std::string render_setup_script(const InstanceSpec& spec, const std::vector<HostKey>& keys);

/// For `sshd -i` as an ordinary user: everything it reads is in `directory`.
std::string render_current_user_sshd_config(std::string_view directory);

}  // namespace passport::lab
