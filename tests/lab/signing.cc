#include "tests/lab/signing.h"

#include <algorithm>
#include <map>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/bytes.h"
#include "base/text.h"
#include "lab/time_text.h"

namespace passport::lab {
namespace {

std::string sha256_hex(const std::string& text) {
  Bytes out(32);
  EVP_Digest(text.data(), text.size(), out.data(), nullptr, EVP_sha256(), nullptr);
  return encode_hex(out);
}

Bytes hmac(ByteView key, const std::string& text) {
  Bytes out(32);
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), as_bytes(text).data(),
       text.size(), out.data(), nullptr);
  return out;
}

}  // namespace

void sign(wire::HttpRequest& request, const TestKey& key, const std::string& service,
          const std::string& region, std::int64_t unix_s) {
  const auto date = format_amz_date(unix_s);
  const auto day = date.substr(0, 8);
  request.headers.emplace_back("X-Amz-Date", date);
  if (!key.session_token.empty()) {
    request.headers.emplace_back("X-Amz-Security-Token", key.session_token);
  }
  std::map<std::string, std::string> sorted;
  for (auto [name, value] : request.headers) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    sorted[name] = value;
  }
  std::string headers, names;
  for (const auto& [name, value] : sorted) {
    headers += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const auto mark = request.target.find('?');
  const auto query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
  const auto canonical = request.method + "\n" + request.target.substr(0, mark) + "\n" + query +
                         "\n" + headers + "\n" + names + "\n" + sha256_hex(request.body);
  const auto scope = day + "/" + region + "/" + service + "/aws4_request";
  const auto text = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + sha256_hex(canonical);
  auto derived = hmac(as_bytes("AWS4" + key.secret), day);
  for (const auto& part : {region, service, std::string("aws4_request")})
    derived = hmac(derived, part);
  request.headers.emplace_back("Authorization",
                               "AWS4-HMAC-SHA256 Credential=" + key.id + "/" + scope +
                                   ", SignedHeaders=" + names +
                                   ", Signature=" + encode_hex(hmac(derived, text)));
}

}  // namespace passport::lab
