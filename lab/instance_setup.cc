#include "lab/instance_setup.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace passport::lab {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

struct Alphabet {
  std::size_t longest;
  bool lower_start;  // first character: a lower-case letter or '_'
  bool upper;
  std::string_view marks;
};

bool within(std::string_view text, const Alphabet& alphabet) {
  const auto is_in = [](char c, std::string_view set) { return set.find(c) != set.npos; };
  if (text.empty() || text.size() > alphabet.longest) return false;
  if (alphabet.lower_start && !is_in(text[0], kLower) && text[0] != '_') return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_in(c, kLower) || is_in(c, kDigits) || is_in(c, alphabet.marks) ||
           (alphabet.upper && is_in(c, kUpper));
  });
}

Error unusable(std::string_view field, std::string_view value) {
  return {Errc::kUsage,
          fmt::format("{}: '{}' cannot be used", field, escape_for_terminal(value, 64))};
}

Result<void> check_user(const InstanceUser& user) {
  if (!within(user.name, {32, true, false, "_-"})) return unusable("user name", user.name);
  if (user.shell.empty() || user.shell[0] != '/' ||
      !within(user.shell, {128, false, true, "/._-"})) {
    return unusable("shell", user.shell);
  }
  if (user.authorized_keys.find('\0') != std::string::npos) {
    return unusable("authorized keys", user.authorized_keys);
  }
  return {};
}

}  // namespace

Result<void> check_instance_spec(const InstanceSpec& spec) {
  if (!within(spec.id, {40, false, false, "-"}) || spec.id[0] == '-')
    return unusable("instance id", spec.id);
  if (!within(spec.hostname, {64, false, true, ".-"}) || spec.hostname[0] == '-') {
    return unusable("hostname", spec.hostname);
  }
  for (const InstanceUser& user : spec.users) {
    if (auto checked = check_user(user); !checked) return checked;
  }
  return {};
}

std::string render_setup_script(const InstanceSpec& spec, const std::vector<HostKey>& keys) {
  std::string out = "set -eu\numask 077\n";
  for (const HostKey& key : keys) {
    out += fmt::format("printf %s {} >/etc/ssh/ssh_host_{}_key\n",
                       quote_for_shell(key.private_key), key.type);
  }
  for (const InstanceUser& user : spec.users) {
    // '*' and not '!': without PAM, sshd takes '!' for a locked account.
    out += fmt::format(
        "user={}\n"
        "id \"$user\" >/dev/null 2>&1 ||\n"
        "\tuseradd --create-home --password '*' --shell {} \"$user\"\n"
        "home=$(getent passwd \"$user\" | cut -d: -f6)\n"
        "mkdir -p \"$home/.ssh\"\n"
        "printf %s {} >\"$home/.ssh/authorized_keys\"\n"
        "chown -R \"$user:\" \"$home/.ssh\"\n",
        quote_for_shell(user.name), quote_for_shell(user.shell),
        quote_for_shell(user.authorized_keys));
    if (user.sudo)
      out += "echo \"$user ALL=(ALL:ALL) NOPASSWD: ALL\" >\"/etc/sudoers.d/$user\"\n";
  }
  return out;
}

// sshd_config(5) has no escape inside double quotes that every version knows; a path with a
// double quote is refused by sshd.
std::string render_current_user_sshd_config(std::string_view directory) {
  std::string out;
  for (const char* type : kHostKeyTypes) {
    out += fmt::format("HostKey \"{}/ssh_host_{}_key\"\n", directory, type);
  }
  out += fmt::format("AuthorizedKeysFile \"{}/authorized_keys\"\n", directory);
  out +=
      "PidFile none\n"
      "UsePAM no\n"
      "StrictModes no\n"
      "PasswordAuthentication no\n"
      "KbdInteractiveAuthentication no\n"
      "MaxSessions 100\n"
      "UseDNS no\n"
      "PrintMotd no\n"
      "LogLevel VERBOSE\n"
      "Subsystem sftp internal-sftp\n";
  return out;
}

}  // namespace passport::lab
