// A server, a client and a certificate authority on loopback, for the tests of net.
#pragma once
#include <deque>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "net/http_client.h"
#include "net/http_server.h"
#include "tests/support/run_task.h"
#include "tests/support/test_certificates.h"

namespace passport::net {

using asio::ip::tcp;

inline const test::TestCertificates& test_ca() {
  static const test::TestCertificates ca;
  return ca;
}

inline TlsContext server_tls(const std::vector<std::string>& names = {"IP:127.0.0.1",
                                                                      "DNS:localhost"},
                             long lifetime_s = 3600) {
  const auto certificate = test_ca().issue(names, lifetime_s);
  return TlsContext::server(certificate.chain_pem, certificate.key_pem).value();
}

inline TlsContext client_tls() {
  return TlsContext::client(test_ca().ca_file()).value();
}

inline wire::Endpoint at(unsigned short port, bool tls = true, std::string host = "127.0.0.1") {
  return {.tls = tls, .host = std::move(host), .port = port, .path = ""};
}

inline Deadline soon() {
  return deadline_in(std::chrono::seconds(10));
}
inline Deadline at_once() {
  return deadline_in(std::chrono::milliseconds(60));
}

/// A TCP peer that follows a script: for each request it reads, the next of `answers`, then it
/// closes the connection, or with kKeep waits there for the next request. "" and what comes
/// after the last answer hold the connection open in silence.
class ScriptedPeer {
 public:
  enum class After { kClose, kKeep };

  ScriptedPeer(asio::io_context& io, std::deque<std::string> answers,
               After after = After::kClose)
      : acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        answers_(std::move(answers)),
        after_(after) {
    asio::co_spawn(io, run(), [](std::exception_ptr) {});
  }
  ~ScriptedPeer() { acceptor_.close(); }
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  unsigned short port() const { return acceptor_.local_endpoint().port(); }
  std::size_t connections() const { return connections_; }
  const std::string& received() const { return received_; }

 private:
  Task<void> run() {
    for (;;) {
      tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
      ++connections_;
      bool keep = true;
      while (keep) {
        keep = co_await answer(socket);
        if (after_ == After::kClose) break;
      }
      if (keep) held_.push_back(std::move(socket));
    }
  }

  /// False when the connection is over.
  Task<bool> answer(tcp::socket& socket) {
    std::string request(65536, '\0');
    boost::system::error_code error;
    const auto n = co_await socket.async_read_some(
        asio::buffer(request), asio::redirect_error(asio::use_awaitable, error));
    received_ += request.substr(0, n);
    if (error) co_return false;
    std::string next;
    if (!answers_.empty()) {
      next = std::move(answers_.front());
      answers_.pop_front();
    }
    if (next.empty()) co_return true;
    co_await asio::async_write(socket, asio::buffer(next),
                               asio::redirect_error(asio::use_awaitable, error));
    co_return after_ == After::kKeep && !error;
  }

  tcp::acceptor acceptor_;
  std::deque<std::string> answers_;
  After after_;
  std::vector<tcp::socket> held_;
  std::size_t connections_ = 0;
  std::string received_;
};

}  // namespace passport::net
