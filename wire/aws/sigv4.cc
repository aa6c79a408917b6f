#include "wire/aws/sigv4.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/bytes.h"
#include "base/text.h"
#include "wire/aws/percent.h"
#include "wire/aws/time.h"

namespace passport::wire::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view text) {
  Digest out{};
  EVP_Digest(text.data(), text.size(), out.data(), nullptr, EVP_sha256(), nullptr);
  return out;
}

Digest hmac_sha256(ByteView key, std::string_view text) {
  Digest out{};
  const auto data = as_bytes(text);
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(),
       out.data(), nullptr);
  return out;
}

/// Trimmed, and each run of white space (line folds too) as one space.
std::string fold_spaces(std::string_view text) {
  std::string out;
  bool gap = false;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!space && gap && !out.empty()) out += ' ';
    if (!space) out += c;
    gap = space;
  }
  return out;
}

/// Without empty and "." segments, ".." resolved, a final '/' kept.
std::string normalize_path(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool directory = path.ends_with('/');
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  std::string out;
  for (const auto segment : kept) out.append("/").append(segment);
  if (out.empty() || directory) out += '/';
  return out;
}

std::string canonical_path(std::string_view path, const SigningScope& scope) {
  if (scope.plain_path) return path.empty() ? "/" : encode_percent(decode_percent(path), "/");
  return encode_percent(normalize_path(path), "/");
}

bool is_signed_header(std::string_view lower_name) {
  static constexpr std::array<std::string_view, 12> kUnsigned = {"authorization",
                                                                 "connection",
                                                                 "expect",
                                                                 "keep-alive",
                                                                 "proxy-authenticate",
                                                                 "proxy-authorization",
                                                                 "te",
                                                                 "trailer",
                                                                 "transfer-encoding",
                                                                 "upgrade",
                                                                 "user-agent",
                                                                 "x-amzn-trace-id"};
  return std::find(kUnsigned.begin(), kUnsigned.end(), lower_name) == kUnsigned.end();
}

/// Lower-case name -> values joined by ','.
std::map<std::string, std::string> canonical_headers(const HttpRequest& request,
                                                     const Endpoint& endpoint) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : request.headers) {
    const auto lower = to_lower(name);
    if (!is_signed_header(lower)) continue;
    const auto [at, added] = out.try_emplace(lower, fold_spaces(value));
    if (!added) at->second.append(",").append(fold_spaces(value));
  }
  out["host"] = to_lower(endpoint.authority());
  return out;
}

std::string credential_scope(const SigningScope& scope) {
  return encode_amz_date(scope.time).substr(0, 8) + "/" + scope.region + "/" + scope.service +
         "/aws4_request";
}

void remove_header(HttpHeaders& headers, std::string_view name) {
  std::erase_if(headers,
                [&](const auto& field) { return equal_ignoring_case(field.first, name); });
}

}  // namespace

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> items;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto item = query.substr(0, end);
    const auto equals = std::min(item.find('='), item.size());
    if (!item.empty())
      items.emplace_back(
          encode_percent(decode_form(item.substr(0, equals))),
          encode_percent(decode_form(item.substr(std::min(equals + 1, item.size())))));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  std::sort(items.begin(), items.end());
  std::string out;
  for (const auto& [name, value] : items) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

CanonicalRequest make_canonical_request(const HttpRequest& request, const Endpoint& endpoint,
                                        const SigningScope& scope) {
  const auto target = endpoint.path + request.target;
  const auto mark = std::min(target.find('?'), target.size());
  const auto query = std::string_view(target).substr(std::min(mark + 1, target.size()));

  CanonicalRequest out;
  out.text = request.method + "\n" +
             canonical_path(std::string_view(target).substr(0, mark), scope) + "\n" +
             canonical_query(query) + "\n";
  for (const auto& [name, value] : canonical_headers(request, endpoint)) {
    out.text.append(name).append(":").append(value).append("\n");
    if (!out.signed_headers.empty()) out.signed_headers += ';';
    out.signed_headers += name;
  }
  out.text.append("\n").append(out.signed_headers).append("\n");
  out.text +=
      scope.unsigned_payload ? std::string(kUnsignedPayload) : encode_hex(sha256(request.body));
  return out;
}

std::string make_string_to_sign(std::string_view canonical_request, const SigningScope& scope) {
  return std::string(kAlgorithm) + "\n" + encode_amz_date(scope.time) + "\n" +
         credential_scope(scope) + "\n" + encode_hex(sha256(canonical_request));
}

std::string make_signature(const Secret& secret, std::string_view string_to_sign,
                           const SigningScope& scope) {
  const Secret start("AWS4" + std::string(secret.reveal()));
  auto key = hmac_sha256(as_bytes(start.reveal()), encode_amz_date(scope.time).substr(0, 8));
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  const auto signature = hmac_sha256(key, string_to_sign);
  OPENSSL_cleanse(key.data(), key.size());
  return encode_hex(signature);
}

void sign(HttpRequest& request, const Endpoint& endpoint, const AccessKey& key,
          const SigningScope& scope) {
  for (const auto* name : {"x-amz-date", "x-amz-security-token", "authorization"})
    remove_header(request.headers, name);
  request.headers.emplace_back("X-Amz-Date", encode_amz_date(scope.time));
  if (!key.session_token.empty())
    request.headers.emplace_back("X-Amz-Security-Token", key.session_token.reveal());

  const auto canonical = make_canonical_request(request, endpoint, scope);
  const auto signature =
      make_signature(key.secret, make_string_to_sign(canonical.text, scope), scope);
  request.headers.emplace_back(
      "Authorization",
      std::string(kAlgorithm) + " Credential=" + key.id + "/" + credential_scope(scope) +
          ", SignedHeaders=" + canonical.signed_headers + ", Signature=" + signature);
}

std::string presign(const HttpRequest& request, const Endpoint& endpoint, const AccessKey& key,
                    const SigningScope& scope, std::chrono::seconds life) {
  const auto signed_headers = make_canonical_request(request, endpoint, scope).signed_headers;
  auto signing = request;
  const auto add = [&](std::string_view name, std::string_view value) {
    signing.target += signing.target.find('?') == std::string::npos ? '?' : '&';
    signing.target.append(name).append("=").append(encode_percent(value));
  };
  add("X-Amz-Algorithm", kAlgorithm);
  add("X-Amz-Credential", key.id + "/" + credential_scope(scope));
  add("X-Amz-Date", encode_amz_date(scope.time));
  add("X-Amz-Expires", std::to_string(life.count()));
  if (!key.session_token.empty()) add("X-Amz-Security-Token", key.session_token.reveal());
  add("X-Amz-SignedHeaders", signed_headers);

  const auto canonical = make_canonical_request(signing, endpoint, scope);
  add("X-Amz-Signature",
      make_signature(key.secret, make_string_to_sign(canonical.text, scope), scope));
  return signing.target;
}

}  // namespace passport::wire::aws
