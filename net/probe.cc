#include "net/probe.h"

#include <ctime>

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/connect.h"

namespace passport::net {
namespace {

constexpr std::size_t kMaxNames = 16;  ///< of a certificate, that are told
constexpr std::size_t kMaxName = 256;  ///< bytes

TlsPeer::Trust trust_of(long verified) {
  switch (verified) {
    case X509_V_OK:
      return TlsPeer::Trust::kGood;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return TlsPeer::Trust::kUnknownIssuer;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return TlsPeer::Trust::kOtherName;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return TlsPeer::Trust::kOver;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return TlsPeer::Trust::kNotYet;
    default:
      return TlsPeer::Trust::kUnusable;
  }
}

struct BioFree {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

/// "CN=passport,O=Example", whatever bytes it has.
std::string name_text(const X509_NAME* name) {
  const std::unique_ptr<BIO, BioFree> out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, std::min(static_cast<std::size_t>(size), kMaxName));
}

std::chrono::sys_seconds time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

std::string text_of(const ASN1_STRING* text) {
  const auto* data = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
  return {data, std::min(static_cast<std::size_t>(ASN1_STRING_length(text)), kMaxName)};
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  const auto* b = ASN1_STRING_get0_data(address);
  if (ASN1_STRING_length(address) == 4)
    return asio::ip::make_address_v4(asio::ip::address_v4::bytes_type{{b[0], b[1], b[2], b[3]}})
        .to_string();
  asio::ip::address_v6::bytes_type bytes{};
  if (ASN1_STRING_length(address) != static_cast<int>(bytes.size())) return {};
  std::copy_n(b, bytes.size(), bytes.begin());
  return asio::ip::make_address_v6(bytes).to_string();
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> out;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  const int count = names != nullptr ? sk_GENERAL_NAME_num(names) : 0;
  for (int i = 0; i < count && out.size() < kMaxNames; ++i) {
    const auto* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) out.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) out.push_back(address_text(name->d.iPAddress));
  }
  GENERAL_NAMES_free(names);
  return out;
}

TlsPeer describe_peer(const SSL* ssl) {
  TlsPeer out;
  const auto* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) {
    out.problem = "the server shows no certificate";
    return out;
  }
  const auto verified = SSL_get_verify_result(ssl);
  out.trust = trust_of(verified);
  if (verified != X509_V_OK) out.problem = X509_verify_cert_error_string(verified);
  out.subject = name_text(X509_get_subject_name(certificate));
  out.issuer = name_text(X509_get_issuer_name(certificate));
  out.names = names_of(certificate);
  out.valid_from = time_of(X509_get0_notBefore(certificate));
  out.valid_until = time_of(X509_get0_notAfter(certificate));
  return out;
}

}  // namespace

Task<Result<void>> probe_route(asio::any_io_executor executor, Outbound outbound,
                               wire::Endpoint endpoint, Deadline deadline) {
  const auto stream = co_await connect_route(executor, outbound, endpoint, deadline);
  if (!stream) co_return stream.error();
  co_return Result<void>();
}

Task<Result<TlsPeer>> probe_tls(asio::any_io_executor executor, Outbound outbound,
                                wire::Endpoint endpoint, Deadline deadline) {
  auto engine = TlsEngine::inspector(outbound.tls, endpoint.host);
  if (!engine) co_return engine.error();
  const auto* ssl = (*engine)->native();
  auto stream = co_await connect_route(executor, outbound, endpoint, deadline);
  if (!stream) co_return stream.error();
  const auto secured = co_await secure_stream(std::move(*stream), std::move(*engine),
                                              name_of(endpoint), deadline);
  if (!secured) co_return secured.error();
  co_return describe_peer(ssl);
}

}  // namespace passport::net
