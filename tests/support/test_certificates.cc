#include "tests/support/test_certificates.h"

#include <cstdlib>
#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

namespace passport::test {
namespace {

void require(bool ok) {
  if (!ok) throw std::runtime_error("test certificate could not be made");
}

std::shared_ptr<EVP_PKEY> make_key() {
  std::shared_ptr<EVP_PKEY> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  require(key != nullptr);
  return key;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string pem_of(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_X509(bio, certificate) == 1);
  return text_of(bio);
}

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio);
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

std::shared_ptr<X509> make_certificate(const std::string& name, EVP_PKEY* key,
                                       long lifetime_s) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  std::uint64_t serial = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), lifetime_s);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

}  // namespace

TestCertificates::TestCertificates(const std::string& name)
    : key_(make_key()), certificate_(make_certificate(name, key_.get(), 24 * 3600)) {
  X509* certificate = certificate_.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
  require(X509_sign(certificate, key_.get(), EVP_sha256()) > 0);

  const char* folder = std::getenv("TMPDIR");
  ca_file_ = std::string(folder != nullptr ? folder : "/tmp") + "/passport-test-ca-XXXXXX";
  const int file = ::mkstemp(ca_file_.data());
  const auto pem = pem_of(certificate);
  require(file >= 0 &&
          ::write(file, pem.data(), pem.size()) == static_cast<ssize_t>(pem.size()));
  ::close(file);
}

TestCertificates::~TestCertificates() {
  ::unlink(ca_file_.c_str());
}

TestCertificate TestCertificates::issue(const std::vector<std::string>& names,
                                        long lifetime_s) const {
  const auto key = make_key();
  const auto certificate = make_certificate("passport test server", key.get(), lifetime_s);
  X509* issuer = certificate_.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ",") + name;
  add_extension(certificate.get(), issuer, NID_subject_alt_name, list);
  add_extension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), issuer, NID_ext_key_usage, "serverAuth");
  require(X509_sign(certificate.get(), key_.get(), EVP_sha256()) > 0);
  return {pem_of(certificate.get()) + pem_of(issuer), pem_of(key.get())};
}

}  // namespace passport::test
