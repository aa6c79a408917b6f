#include "net/tls_sessions.h"

namespace passport::net {
namespace {

template <class T>
void free_ex_data(void*, void* data, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<T*>(data);
}

int context_index() {
  static const int index =
      SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_ex_data<TlsSessions>);
  return index;
}

int connection_index() {
  static const int index =
      SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_ex_data<std::string>);
  return index;
}

}  // namespace

void TlsSessions::attach(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, context_index(), new TlsSessions);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep);
}

void TlsSessions::begin(SSL* connection, const std::string& server) {
  SSL_set_ex_data(connection, connection_index(), new std::string(server));
  const auto* sessions = static_cast<TlsSessions*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), context_index()));
  if (sessions == nullptr) return;
  if (auto found = sessions->by_server_.find(server); found != sessions->by_server_.end()) {
    SSL_set_session(connection, found->second.get());
  }
}

int TlsSessions::keep(SSL* connection, SSL_SESSION* session) {
  auto* sessions = static_cast<TlsSessions*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), context_index()));
  const auto* server =
      static_cast<std::string*>(SSL_get_ex_data(connection, connection_index()));
  if (sessions == nullptr || server == nullptr) return 0;
  // A copy: OpenSSL marks its own as not resumable when the connection ends without a close.
  SslSessionPtr copy(SSL_SESSION_dup(session));
  if (!copy) return 0;
  auto& kept = sessions->by_server_;
  if (kept.size() >= kMaxServers && !kept.contains(*server)) kept.erase(kept.begin());
  kept[*server] = std::move(copy);
  return 0;
}

}  // namespace passport::net
