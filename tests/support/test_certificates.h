// A certificate authority made in memory, for tests of TLS.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <openssl/types.h>

namespace passport::test {

/// A server's certificate chain and key, as PEM text.
struct TestCertificate {
  std::string chain_pem;
  std::string key_pem;
};

/// A CA with a fresh P-256 key. Its certificate is in a file of its own, which goes with it.
class TestCertificates {
 public:
  explicit TestCertificates(const std::string& name = "passport test CA");
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  /// PEM file to give to TlsContext::client.
  const std::string& ca_file() const { return ca_file_; }

  /// For subject alternative names such as "DNS:localhost" or "IP:127.0.0.1"; valid from an
  /// hour ago until `lifetime_s` from now, which may be negative.
  TestCertificate issue(const std::vector<std::string>& names, long lifetime_s = 3600) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string ca_file_;
};

}  // namespace passport::test
