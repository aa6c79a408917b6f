// A login by api/ssh_login: prints what `echo in` prints, or what failed, of which kind, and
// why.
#include <array>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>

#include <libssh/libssh.h>

#include "api/ssh_login.h"
#include "base/exit_code.h"

using namespace passport;

namespace {

const char* name_of(api::SshStep step) {
  switch (step) {
    case api::SshStep::kTunnel:
      return "tunnel";
    case api::SshStep::kHostKey:
      return "host key";
    case api::SshStep::kLogin:
      break;
  }
  return "login";
}

}  // namespace

/// Arguments: seconds, proxy command, name of the server, known_hosts, user, agent's socket,
/// files of certificates...
int main(int argc, char** argv) {
  if (argc < 7) return 64;
  std::signal(SIGPIPE, SIG_IGN);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(std::stoi(argv[1]));
  api::SshFailure failure;
  const auto login = api::SshLogin::open(
      {argv[2], argv[3], argv[4], argv[5], argv[6], {argv + 7, argv + argc}, true}, deadline,
      failure);
  if (!login) {
    std::cout << name_of(failure.step) << ' ' << exit_code(failure.error.code) << ": "
              << failure.error.detail << '\n';
    if (!failure.error.hint.empty()) std::cout << "hint: " << failure.error.hint << '\n';
    return 1;
  }
  ssh_channel channel = ssh_channel_new(login->session());
  std::array<char, 256> buffer{};
  if (ssh_channel_open_session(channel) == SSH_OK &&
      ssh_channel_request_exec(channel, "echo in") == SSH_OK) {
    const int n = ssh_channel_read(channel, buffer.data(), buffer.size(), 0);
    std::cout.write(buffer.data(), std::max(n, 0));
  }
  ssh_channel_free(channel);
}
