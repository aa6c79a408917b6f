#include "lab/certificates.h"

#include <memory>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "net/tls.h"

namespace passport::lab {
namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
};

std::unique_ptr<X509, Free> parse(const std::string& pem) {
  const std::unique_ptr<BIO, Free> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return std::unique_ptr<X509, Free>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

/// X509_V_OK when `leaf` is good for a TLS server under `ca`.
int verify(const std::string& ca, const std::string& leaf) {
  const auto root = parse(ca);
  const auto server = parse(leaf);
  const std::unique_ptr<X509_STORE, Free> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root.get());
  const std::unique_ptr<X509_STORE_CTX, Free> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), server.get(), nullptr);
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_X509_STRICT);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

TEST(Certificates, VerifyUnderTheirOwnAuthorityAlone) {
  const auto one = make_certificates();
  const auto other = make_certificates();
  ASSERT_TRUE(one && other);
  EXPECT_EQ(verify(one->ca_pem, one->chain_pem), X509_V_OK);
  EXPECT_NE(verify(other->ca_pem, one->chain_pem), X509_V_OK);
}

TEST(Certificates, AreForLoopbackAlone) {
  const auto made = make_certificates();
  ASSERT_TRUE(made);
  const auto server = parse(made->chain_pem);
  EXPECT_EQ(X509_check_host(server.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(server.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(server.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_host(server.get(), "ssm.eu-west-1.amazonaws.com", 0, 0, nullptr), 0);
  EXPECT_NE(X509_check_ca(parse(made->ca_pem).get()), 0);
  EXPECT_EQ(X509_check_ca(server.get()), 0);
}

TEST(Certificates, FitATlsServer) {
  const auto made = make_certificates();
  ASSERT_TRUE(made);
  EXPECT_TRUE(net::TlsContext::server(made->chain_pem, std::string(made->key_pem.reveal())));
  const auto other = make_certificates();
  EXPECT_FALSE(net::TlsContext::server(made->chain_pem, std::string(other->key_pem.reveal())));
}

}  // namespace
}  // namespace passport::lab
