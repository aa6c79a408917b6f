#include "net/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "net/tls_engine.h"
#include "net/tls_sessions.h"

namespace passport::net {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct PkeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using X509Ptr = std::unique_ptr<X509, X509Free>;

std::shared_ptr<SSL_CTX> make_context(const SSL_METHOD* method) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

std::unique_ptr<BIO, BioFree> memory_bio(const std::string& pem) {
  return std::unique_ptr<BIO, BioFree>(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

X509Ptr next_certificate(BIO* bio) {
  return X509Ptr(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

}  // namespace

Result<TlsContext> TlsContext::client(const std::string& ca_file) {
  ERR_clear_error();
  auto context = make_context(TLS_client_method());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  TlsSessions::attach(context.get());
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1) {
    return Error{Errc::kConfig, fmt::format("cannot use CA bundle \"{}\": {}", ca_file,
                                            take_tls_error("no certificate in it"))};
  }
  return TlsContext(std::move(context));
}

Result<TlsContext> TlsContext::server(const std::string& chain_pem,
                                      const std::string& key_pem) {
  ERR_clear_error();
  auto context = make_context(TLS_server_method());
  const auto fail = [](std::string_view what) {
    return Error{Errc::kConfig, fmt::format("cannot use server {}: {}", what,
                                            take_tls_error("no PEM block in it"))};
  };
  const auto chain = memory_bio(chain_pem);
  const auto leaf = next_certificate(chain.get());
  if (!leaf || SSL_CTX_use_certificate(context.get(), leaf.get()) != 1) {
    return fail("certificate");
  }
  while (const auto issuer = next_certificate(chain.get())) {
    if (SSL_CTX_add1_chain_cert(context.get(), issuer.get()) != 1) return fail("chain");
  }
  ERR_clear_error();  // the end of the PEM text is an error to PEM_read_bio_X509
  const std::unique_ptr<EVP_PKEY, PkeyFree> key(
      PEM_read_bio_PrivateKey(memory_bio(key_pem).get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) return fail("key");
  return TlsContext(std::move(context));
}

}  // namespace passport::net
