// One TLS connection's cryptography, between buffers: no sockets here.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "net/tls.h"

struct ssl_st;  // OpenSSL's SSL

namespace passport::net {

/// The first error that OpenSSL queued on this thread, in its words; `otherwise` when none.
std::string take_tls_error(std::string_view otherwise);

/// Turns received ciphertext into plaintext and back. Drive it: put received bytes into
/// receive_space() and commit() them; call handshake() until it is done, then read(); after any
/// call, outgoing() may hold bytes for the peer.
class TlsEngine {
 public:
  enum class Status {
    kDone,
    kWantInput,  ///< call again after more ciphertext
    kClosed,     ///< the peer said that it ends
    kFailed,     ///< error() says why
  };

  /// Verifies that the peer is `host`, a name or an address; offers a kept session. Errors:
  /// kConfig when `host` is nothing that a certificate could be compared with.
  static Result<std::unique_ptr<TlsEngine>> client(const TlsContext& context,
                                                   const std::string& host,
                                                   unsigned short port);
  /// The same, but the handshake goes on whatever the peer's certificate is worth, and no
  /// session is offered or kept: for who looks at it, and sends nothing.
  static Result<std::unique_ptr<TlsEngine>> inspector(const TlsContext& context,
                                                      const std::string& host);
  static std::unique_ptr<TlsEngine> server(const TlsContext& context);
  ~TlsEngine();
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  /// From now on `carrier`, whose handshake is done, carries this connection: TLS inside TLS.
  void set_carrier(std::unique_ptr<TlsEngine> carrier) { carrier_ = std::move(carrier); }

  Status handshake();
  /// Decrypts into `into`; `size` is how many bytes that gave.
  Status read(std::span<std::uint8_t> into, std::size_t& size);
  /// Encrypts all of `plaintext` into outgoing(). False when the connection failed.
  bool write(ByteView plaintext);
  /// Tells the peer that nothing more comes.
  void shutdown();

  /// Where to put received bytes: kReceiveSize of them at most. Valid until the next call.
  std::span<std::uint8_t> receive_space();
  void commit(std::size_t n);
  /// Something received waits to be decrypted.
  bool has_received() const;

  Bytes& outgoing() { return carrier_ ? carrier_->outgoing() : outgoing_; }
  bool resumed() const;
  const ssl_st* native() const { return ssl_; }
  const std::string& error() const { return error_; }

 private:
  static constexpr std::size_t kReceiveSize = 64 << 10;

  explicit TlsEngine(const TlsContext& context);
  static Result<std::unique_ptr<TlsEngine>> expecting(const TlsContext& context,
                                                      const std::string& host);
  Status status_of(int result);
  friend struct EngineBio;

  TlsContext context_;
  std::unique_ptr<TlsEngine> carrier_;
  ssl_st* ssl_ = nullptr;
  Bytes received_;
  std::size_t received_begin_ = 0;
  std::size_t received_end_ = 0;
  Bytes outgoing_;
  std::string error_;
};

}  // namespace passport::net
