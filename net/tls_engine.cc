#include "net/tls_engine.h"

#include <algorithm>
#include <cstring>
#include <new>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "net/tls_sessions.h"

namespace passport::net {

/// The BIO through which OpenSSL reads and writes an engine's buffers.
struct EngineBio {
  static int read(BIO* bio, char* out, std::size_t size, std::size_t* done) {
    auto* engine = static_cast<TlsEngine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (engine->carrier_) {
      const auto status =
          engine->carrier_->read({reinterpret_cast<std::uint8_t*>(out), size}, *done);
      if (status == TlsEngine::Status::kWantInput) BIO_set_retry_read(bio);
      return status == TlsEngine::Status::kDone ? 1 : 0;
    }
    const auto n = std::min(size, engine->received_end_ - engine->received_begin_);
    if (n == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(out, engine->received_.data() + engine->received_begin_, n);
    engine->received_begin_ += n;
    *done = n;
    return 1;
  }

  static int write(BIO* bio, const char* data, std::size_t size, std::size_t* done) {
    auto* engine = static_cast<TlsEngine*>(BIO_get_data(bio));
    const auto bytes = as_bytes({data, size});
    *done = size;
    if (engine->carrier_) return engine->carrier_->write(bytes) ? 1 : 0;
    append(engine->outgoing_, bytes);
    return 1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH; }

  static BIO* make(TlsEngine* engine) {
    static BIO_METHOD* const method = [] {
      auto* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "passport buffers");
      BIO_meth_set_read_ex(m, read);
      BIO_meth_set_write_ex(m, write);
      BIO_meth_set_ctrl(m, control);
      return m;
    }();
    BIO* bio = BIO_new(method);
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, engine);
    BIO_set_init(bio, 1);
    return bio;
  }
};

std::string take_tls_error(std::string_view otherwise) {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return std::string(otherwise);
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("TLS error {:#x}", code);
}

TlsEngine::TlsEngine(const TlsContext& context)
    : context_(context), ssl_(SSL_new(context.native())) {
  if (ssl_ == nullptr) throw std::bad_alloc();
  BIO* bio = EngineBio::make(this);
  SSL_set_bio(ssl_, bio, bio);
}

TlsEngine::~TlsEngine() {
  SSL_free(ssl_);
}

namespace {

/// False when the handshake would not verify that the peer is `host`.
bool expect_host(SSL* ssl, const std::string& host) {
  // OpenSSL takes "" for any name, ".x" for any name under x, and a name up to its first NUL.
  if (host.empty() || host.front() == '.' || host.find('\0') != std::string::npos) return false;
  // An address is compared with the certificate's addresses, and is no SNI (RFC 6066 section
  // 3).
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1) return true;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

}  // namespace

Result<std::unique_ptr<TlsEngine>> TlsEngine::client(const TlsContext& context,
                                                     const std::string& host,
                                                     unsigned short port) {
  auto engine = expecting(context, host);
  if (engine) TlsSessions::begin((*engine)->ssl_, fmt::format("{}:{}", host, port));
  return engine;
}

Result<std::unique_ptr<TlsEngine>> TlsEngine::inspector(const TlsContext& context,
                                                        const std::string& host) {
  auto engine = expecting(context, host);
  if (engine) SSL_set_verify((*engine)->ssl_, SSL_VERIFY_NONE, nullptr);
  return engine;
}

Result<std::unique_ptr<TlsEngine>> TlsEngine::expecting(const TlsContext& context,
                                                        const std::string& host) {
  std::unique_ptr<TlsEngine> engine(new TlsEngine(context));
  SSL_set_connect_state(engine->ssl_);
  if (!expect_host(engine->ssl_, host)) {
    return Error{Errc::kConfig, fmt::format("\"{}\" is no host that TLS can verify",
                                            escape_for_terminal(host, 255))};
  }
  return engine;
}

std::unique_ptr<TlsEngine> TlsEngine::server(const TlsContext& context) {
  std::unique_ptr<TlsEngine> engine(new TlsEngine(context));
  SSL_set_accept_state(engine->ssl_);
  return engine;
}

TlsEngine::Status TlsEngine::status_of(int result) {
  const int reason = SSL_get_error(ssl_, result);
  if (reason == SSL_ERROR_WANT_READ) return Status::kWantInput;
  if (reason == SSL_ERROR_ZERO_RETURN) return Status::kClosed;
  error_ = take_tls_error("connection failed");
  if (const auto verified = SSL_get_verify_result(ssl_); verified != X509_V_OK) {
    error_ =
        fmt::format("certificate verify failed: {}", X509_verify_cert_error_string(verified));
  }
  return Status::kFailed;
}

TlsEngine::Status TlsEngine::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  return result == 1 ? Status::kDone : status_of(result);
}

TlsEngine::Status TlsEngine::read(std::span<std::uint8_t> into, std::size_t& size) {
  ERR_clear_error();
  const int result = SSL_read_ex(ssl_, into.data(), into.size(), &size);
  return result == 1 ? Status::kDone : status_of(result);
}

bool TlsEngine::write(ByteView plaintext) {
  if (plaintext.empty()) return true;
  ERR_clear_error();
  std::size_t written = 0;
  const int result = SSL_write_ex(ssl_, plaintext.data(), plaintext.size(), &written);
  return result == 1 || status_of(result) != Status::kFailed;
}

void TlsEngine::shutdown() {
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
  ERR_clear_error();
  if (carrier_) carrier_->shutdown();
}

void TlsEngine::commit(std::size_t n) {
  if (carrier_) return carrier_->commit(n);
  received_end_ += n;
}

bool TlsEngine::has_received() const {
  if (carrier_) return carrier_->has_received() || SSL_has_pending(carrier_->ssl_) == 1;
  return received_begin_ < received_end_;
}

std::span<std::uint8_t> TlsEngine::receive_space() {
  if (carrier_) return carrier_->receive_space();
  if (received_.empty()) received_.resize(kReceiveSize);
  if (received_begin_ == received_end_) {
    received_begin_ = received_end_ = 0;
  } else if (received_begin_ > 0) {
    std::copy(received_.begin() + static_cast<std::ptrdiff_t>(received_begin_),
              received_.begin() + static_cast<std::ptrdiff_t>(received_end_),
              received_.begin());
    received_end_ -= received_begin_;
    received_begin_ = 0;
  }
  return std::span(received_).subspan(received_end_);
}

bool TlsEngine::resumed() const {
  return SSL_session_reused(ssl_) == 1;
}

}  // namespace passport::net
