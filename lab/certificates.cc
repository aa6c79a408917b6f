#include "lab/certificates.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace passport::lab {
namespace {

constexpr long kBackdatedS = 3600;
constexpr long kLifeS = 30L * 24 * 3600;

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

struct Extension {
  int nid;
  const char* value;
};

bool set_serial(X509* certificate) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1;
}

/// A certificate of `key` with that common name; null when OpenSSL refuses.
Owned<X509> issue(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                  std::initializer_list<Extension> extensions) {
  Owned<X509> out(X509_new());
  if (!out || X509_set_version(out.get(), X509_VERSION_3) != 1 || !set_serial(out.get()))
    return {};
  X509_gmtime_adj(X509_getm_notBefore(out.get()), -kBackdatedS);
  X509_gmtime_adj(X509_getm_notAfter(out.get()), kLifeS);
  auto* subject = X509_get_subject_name(out.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509* const signer = issuer ? issuer : out.get();
  X509_set_issuer_name(out.get(), X509_get_subject_name(signer));
  X509_set_pubkey(out.get(), key);
  X509V3_CTX context;
  X509V3_set_ctx(&context, signer, out.get(), nullptr, nullptr, 0);
  for (const auto& [nid, value] : extensions) {
    const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    if (!extension || X509_add_ext(out.get(), extension.get(), -1) != 1) return {};
  }
  if (X509_sign(out.get(), issuer_key, EVP_sha256()) == 0) return {};
  return out;
}

template <class Write>
std::string to_pem(Write write) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) return {};
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<Certificates> make_certificates(const std::vector<std::string>& names) {
  std::string served = "DNS:localhost,IP:127.0.0.1,IP:::1";
  for (const auto& name : names) served += ",DNS:" + name;
  const Owned<EVP_PKEY> ca_key(EVP_EC_gen("P-256"));
  const Owned<EVP_PKEY> server_key(EVP_EC_gen("P-256"));
  const Error refused{Errc::kInternal, "the lab's certificates cannot be made"};
  if (!ca_key || !server_key) return refused;
  const auto ca = issue("passport-lab CA", ca_key.get(), nullptr, ca_key.get(),
                        {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                         {NID_key_usage, "critical,keyCertSign,cRLSign"},
                         {NID_subject_key_identifier, "hash"}});
  if (!ca) return refused;
  const auto server = issue("passport-lab", server_key.get(), ca.get(), ca_key.get(),
                            {{NID_basic_constraints, "critical,CA:FALSE"},
                             {NID_key_usage, "critical,digitalSignature"},
                             {NID_ext_key_usage, "serverAuth"},
                             {NID_subject_key_identifier, "hash"},
                             {NID_authority_key_identifier, "keyid"},
                             {NID_subject_alt_name, served.c_str()}});
  if (!server) return refused;
  Certificates out;
  out.ca_pem = to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, ca.get()); });
  out.chain_pem = to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, server.get()); });
  out.key_pem = Secret(to_pem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, server_key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr);
  }));
  if (out.ca_pem.empty() || out.chain_pem.empty() || out.key_pem.empty()) return refused;
  return out;
}

}  // namespace passport::lab
