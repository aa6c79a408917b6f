#include "api/ssh_login.h"

#include <array>
#include <fstream>

#include <fmt/format.h>
#include <libssh/libssh.h>
#include <unistd.h>

#include "api/tunnel.h"
#include "base/text.h"
#include "wire/ssh/certificate.h"

namespace passport::api {
namespace {

using namespace std::chrono_literals;

constexpr auto kProxyGrace = 2000ms;  ///< a proxy that has broken off says why, and ends
constexpr auto kLook = 100ms;
constexpr auto kLibsshSlack = 5s;  ///< beyond the deadline: the tunnel ends before that
constexpr std::size_t kMaxKeyFile = 64 << 10;

/// The blobs in the files that can be read.
std::vector<Bytes> load_blobs(const std::vector<std::string>& paths) {
  std::vector<Bytes> out;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::string line(kMaxKeyFile, '\0');
    in.read(line.data(), static_cast<std::streamsize>(line.size()));
    line.resize(static_cast<std::size_t>(in.gcount()));
    line.resize(std::min(line.find('\n'), line.size()));
    if (auto blob = wire::ssh::parse_certificate_line(line)) {
      out.push_back(std::move(*blob));
    } else if (auto key = wire::ssh::parse_public_key_line(line)) {
      out.push_back(std::move(key->blob));
    }
  }
  return out;
}

/// "SHA256:..." of the key that the server showed.
std::string fingerprint_of_server(ssh_session session) {
  ssh_key key = nullptr;
  unsigned char* hash = nullptr;
  std::size_t size = 0;
  std::string out = "none";
  if (ssh_get_server_publickey(session, &key) == SSH_OK &&
      ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) == 0) {
    char* text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
    if (text != nullptr)
      out = fmt::format("{} {}", ssh_key_type_to_char(ssh_key_type(key)), text);
    ssh_string_free_char(text);
  }
  ssh_clean_pubkey_hash(&hash);
  ssh_key_free(key);
  return out;
}

/// How long libssh waits by itself; zero: for ever.
void set_own_limit(ssh_session session, std::chrono::microseconds limit) {
  const long seconds = std::chrono::duration_cast<std::chrono::seconds>(limit).count();
  const long rest = limit.count() % 1000000;
  ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &seconds);
  ssh_options_set(session, SSH_OPTIONS_TIMEOUT_USEC, &rest);
}

}  // namespace

std::unique_ptr<SshLogin> SshLogin::open(const SshTarget& target, Time deadline,
                                         SshFailure& failure, std::stop_token stop) {
  auto blobs = load_blobs(target.certificate_files);
  if (blobs.empty()) {
    failure = {SshStep::kLogin,
               {Errc::kDenied, "there is no certificate for it",
                "get them with passport ssh-config, and see passport-agent list"}};
    return nullptr;
  }
  auto tunnel = Tunnel::start(
      target.proxy_command,
      std::make_unique<AgentRelay>(target.agent_socket, OfferedIdentities(std::move(blobs))));
  if (!tunnel) {
    failure = {SshStep::kTunnel, tunnel.error()};
    return nullptr;
  }
  (*tunnel)->expire_at(deadline);
  auto out = std::unique_ptr<SshLogin>(new SshLogin(std::move(*tunnel), std::move(stop)));
  const bool done = out->connect(target, deadline, failure) && out->check_host_key(failure) &&
                    out->authenticate(target, failure);
  return done ? std::move(out) : nullptr;
}

SshLogin::SshLogin(std::unique_ptr<Tunnel> tunnel, std::stop_token stop)
    : tunnel_(std::move(tunnel)), stop_(std::move(stop)), session_(ssh_new()) {
  on_stop_.emplace(stop_, [this] { tunnel_->interrupt(); });
}

SshLogin::~SshLogin() {
  on_stop_.reset();
  tunnel_->expire_at(std::chrono::steady_clock::now() + 1s);
  if (session_ != nullptr) {
    // libssh forgets a socket that it was given when it disconnects, and does not close it.
    const int socket = ssh_get_fd(session_);
    ssh_disconnect(session_);
    if (socket >= 0) ::close(socket);
    ssh_free(session_);
  }
  tunnel_->end({});
}

void SshLogin::expire_at(Time deadline) {
  tunnel_->expire_at(deadline);
}

bool SshLogin::expired() const {
  return tunnel_->expired();
}

Error SshLogin::explain_end() {
  return explain("no answer in time");
}

Error SshLogin::explain(const char* timeout_words) {
  const std::string words = escape_for_terminal(ssh_get_error(session_));
  const bool late = tunnel_->expired();
  const auto& end = tunnel_->end(late || stop_.stop_requested() ? 0ms : kProxyGrace);
  if (late) {
    auto error = explain_tunnel_end(end);
    return {Errc::kTimeout,
            end.words.empty() ? timeout_words : timeout_words + (": " + error.detail),
            error.hint};
  }
  // A proxy that succeeded has carried whatever the server had to say.
  if (end.by_itself && end.status == 0)
    return {Errc::kUnavailable,
            "the SSH server closed the connection" + (words.empty() ? "" : ": " + words)};
  if (!end.by_itself) return {Errc::kProtocol, words};
  return explain_tunnel_end(end);
}

bool SshLogin::connect(const SshTarget& target, Time deadline, SshFailure& failure) {
  const auto set = [this](ssh_options_e option, const void* value) {
    return ssh_options_set(session_, option, value) == 0;
  };
  const bool no = false;
  failure.step = SshStep::kTunnel;
  const bool usable = session_ != nullptr && set(SSH_OPTIONS_PROCESS_CONFIG, &no) &&
                      set(SSH_OPTIONS_HOST, target.host_key_name.c_str()) &&
                      set(SSH_OPTIONS_USER, target.user.c_str()) &&
                      set(SSH_OPTIONS_KNOWNHOSTS, target.known_hosts.c_str()) &&
                      set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") &&
                      (!target.compress || set(SSH_OPTIONS_COMPRESSION, "yes"));
  const int socket = usable ? tunnel_->take_socket() : -1;
  if (!usable || !set(SSH_OPTIONS_FD, &socket)) {
    if (socket >= 0) ::close(socket);
    failure.error = {Errc::kConfig, "libssh does not take the name of its server or user"};
    return false;
  }
  const auto left = deadline - std::chrono::steady_clock::now();
  set_own_limit(session_, std::chrono::ceil<std::chrono::seconds>(left) + kLibsshSlack);
  if (ssh_connect(session_) == SSH_OK) return true;
  failure.error = explain("the SSH server did not answer in time");
  return false;
}

bool SshLogin::check_host_key(SshFailure& failure) {
  if (ssh_session_is_known_server(session_) == SSH_KNOWN_HOSTS_OK) return true;
  failure = {SshStep::kHostKey,
             {Errc::kProtocol,
              fmt::format("its host key is not the pinned one: it shows {}",
                          fingerprint_of_server(session_)),
              "if it was rebuilt, ask for access anew; if not, it may not be the instance that "
              "answers"}};
  return false;
}

bool SshLogin::authenticate(const SshTarget& target, SshFailure& failure) {
  ssh_set_agent_socket(session_, tunnel_->relay().take_client());
  // When the server disconnects during a login, libssh 0.10 waits on for nothing, up to its own
  // limit: that is one look here. Everywhere else it notices.
  set_own_limit(session_, kLook);
  int answer = SSH_AUTH_AGAIN;
  while (answer == SSH_AUTH_AGAIN && ssh_is_connected(session_) == 1)
    answer = ssh_userauth_agent(session_, nullptr);
  set_own_limit(session_, {});
  if (answer == SSH_AUTH_SUCCESS) return true;
  failure.step = SshStep::kLogin;
  const auto& relay = tunnel_->relay();
  const bool refused = answer == SSH_AUTH_DENIED || answer == SSH_AUTH_PARTIAL ||
                       ssh_is_connected(session_) == 0;
  if (!expired() && relay.agent_missing()) {
    failure.error = {Errc::kUnavailable,
                     fmt::format("passport-agent does not answer at {}",
                                 escape_for_terminal(target.agent_socket)),
                     "start it with passport ssh-config"};
  } else if (!expired() && relay.agent_refused()) {
    failure.error = {Errc::kDenied, "passport-agent does not hold its keys any more",
                     "get them again with passport ssh-config"};
  } else if (!expired() && refused) {
    failure.error = {Errc::kDenied,
                     fmt::format("the server lets {} in with none of its certificates",
                                 escape_for_terminal(target.user))};
  } else {
    failure.error = explain("the login took too long");
  }
  return false;
}

}  // namespace passport::api
