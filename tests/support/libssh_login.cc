// A login by libssh, which shares no code with OpenSSH: through the agent of SSH_AUTH_SOCK, or
// with the private key of a file and the certificate beside it. Prints what `echo in` prints.
#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include <libssh/libssh.h>

namespace {

struct Free {
  void operator()(ssh_session session) const {
    ssh_disconnect(session);
    ssh_free(session);
  }
  void operator()(ssh_channel channel) const { ssh_channel_free(channel); }
  void operator()(ssh_key key) const { ssh_key_free(key); }
};
using Session = std::unique_ptr<ssh_session_struct, Free>;
using Channel = std::unique_ptr<ssh_channel_struct, Free>;
using Key = std::unique_ptr<ssh_key_struct, Free>;

Key read_key(const std::string& path, bool certificate) {
  ssh_key key = nullptr;
  if (certificate)
    ssh_pki_import_cert_file(path.c_str(), &key);
  else
    ssh_pki_import_privkey_file(path.c_str(), nullptr, nullptr, nullptr, &key);
  return Key(key);
}

int authenticate(ssh_session session, const char* identity) {
  if (identity == nullptr) return ssh_userauth_agent(session, nullptr);
  const auto key = read_key(identity, false);
  const auto certificate = read_key(std::string(identity) + "-cert.pub", true);
  if (!key || !certificate || ssh_pki_copy_cert_to_privkey(certificate.get(), key.get()) != 0)
    return SSH_AUTH_ERROR;
  return ssh_userauth_publickey(session, nullptr, key.get());
}

bool copy_output(ssh_session session) {
  const Channel channel(ssh_channel_new(session));
  if (!channel || ssh_channel_open_session(channel.get()) != SSH_OK ||
      ssh_channel_request_exec(channel.get(), "echo in") != SSH_OK)
    return false;
  std::array<char, 256> buffer{};
  for (int n = 0; (n = ssh_channel_read(channel.get(), buffer.data(), buffer.size(), 0)) > 0;)
    std::fwrite(buffer.data(), 1, static_cast<std::size_t>(n), stdout);
  return true;
}

}  // namespace

/// Arguments: proxy command, name of the server in the file of known hosts, that file, [key].
int main(int argc, char** argv) {
  if (argc < 4) return 64;
  const Session session(ssh_new());
  const bool no = false;
  const long seconds = 30;
  ssh_options_set(session.get(), SSH_OPTIONS_PROCESS_CONFIG, &no);
  ssh_options_set(session.get(), SSH_OPTIONS_PROXYCOMMAND, argv[1]);
  ssh_options_set(session.get(), SSH_OPTIONS_HOST, argv[2]);
  ssh_options_set(session.get(), SSH_OPTIONS_KNOWNHOSTS, argv[3]);
  ssh_options_set(session.get(), SSH_OPTIONS_TIMEOUT, &seconds);
  const auto told = [&](const char* what) {
    std::fprintf(stderr, "libssh_login: %s: %s\n", what, ssh_get_error(session.get()));
    return 1;
  };
  if (ssh_connect(session.get()) != SSH_OK) return told("connect");
  if (ssh_session_is_known_server(session.get()) != SSH_KNOWN_HOSTS_OK) return told("host key");
  if (authenticate(session.get(), argc > 4 ? argv[4] : nullptr) != SSH_AUTH_SUCCESS)
    return told("Permission denied");
  return copy_output(session.get()) ? 0 : told("exec");
}
