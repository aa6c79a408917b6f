#include "lab/sigv4_verify.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <vector>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/bytes.h"
#include "base/text.h"
#include "lab/query.h"
#include "lab/time_text.h"

namespace passport::lab {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr char kMismatchText[] =
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details.";
constexpr char kInvalidTokenText[] = "The security token included in the request is invalid.";

using Digest = std::array<std::uint8_t, 32>;

/// What a request says about its own signature.
struct Claim {
  std::string access_key_id, day, region, service;
  std::string amz_date;
  std::vector<std::string> signed_headers;
  std::string signature;
  std::string session_token;
  std::int64_t life_s = 0;
  bool in_query = false;
};

Digest sha256(std::string_view data) {
  Digest out{};
  unsigned size = 0;
  EVP_Digest(data.data(), data.size(), out.data(), &size, EVP_sha256(), nullptr);
  return out;
}

Digest hmac(ByteView key, std::string_view data) {
  Digest out{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), as_bytes(data).data(),
       data.size(), out.data(), &size);
  return out;
}

std::string encode_uri(std::string_view in, std::string_view keep) {
  std::string out;
  for (const char c : in) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain || keep.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

/// The path without empty and dot segments, encoded once more (every service but S3).
std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> segments;
  const bool slash_at_end =
      path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  while (!path.empty()) {
    const auto end = path.find('/');
    const auto segment = path.substr(0, end);
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string out;
  for (const auto segment : segments) out += "/" + encode_uri(segment, "");
  if (out.empty() || slash_at_end) out += '/';
  return out;
}

std::string canonical_query(const QueryItems& items) {
  QueryItems encoded;
  for (const auto& [name, value] : items) {
    if (name != "X-Amz-Signature")
      encoded.emplace_back(encode_uri(name, ""), encode_uri(value, ""));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out += name + "=" + value;
  }
  return out;
}

/// Trimmed, and runs of blanks inside made one.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

/// Every value of a header, joined by commas; nullopt when the request has no such header.
std::optional<std::string> header_values(const wire::HttpHeaders& headers,
                                         std::string_view name) {
  std::optional<std::string> out;
  for (const auto& [field, value] : headers) {
    if (!equal_ignoring_case(field, name)) continue;
    out = out ? *out + "," + canonical_value(value) : canonical_value(value);
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (;;) {
    const auto end = text.find(separator);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text = text.substr(end + 1);
  }
}

/// "20150830T123600Z" -> seconds since 1970.
std::optional<std::int64_t> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t n) {
    int v = -1;
    const auto* end = text.data() + at + n;
    const auto r = std::from_chars(text.data() + at, end, v);
    return r.ec == std::errc() && r.ptr == end ? v : -1;
  };
  std::tm t{};
  t.tm_year = number(0, 4) - 1900;
  t.tm_mon = number(4, 2) - 1;
  t.tm_mday = number(6, 2);
  t.tm_hour = number(9, 2);
  t.tm_min = number(11, 2);
  t.tm_sec = number(13, 2);
  if (t.tm_year < 70 || t.tm_mon < 0 || t.tm_mon > 11 || t.tm_mday < 1 || t.tm_mday > 31 ||
      t.tm_hour < 0 || t.tm_hour > 23 || t.tm_min < 0 || t.tm_min > 59 || t.tm_sec < 0 ||
      t.tm_sec > 60) {
    return std::nullopt;
  }
  return timegm(&t);
}

SigV4Failure incomplete(std::string message) {
  return {SigV4Fault::kIncomplete, std::move(message)};
}

std::optional<SigV4Failure> take_credential(std::string_view credential, Claim& claim) {
  const auto parts = split(credential, '/');
  if (parts.size() != 5 || parts[4] != "aws4_request") {
    return incomplete(
        "Credential must have exactly 5 slash-delimited elements, e.g. "
        "keyid/date/region/service/term");
  }
  claim.access_key_id = parts[0];
  claim.day = parts[1];
  claim.region = parts[2];
  claim.service = parts[3];
  return std::nullopt;
}

std::variant<Claim, SigV4Failure> read_header_claim(const wire::HttpRequest& request,
                                                    std::string_view authorization) {
  Claim claim;
  if (!authorization.starts_with(std::string(kAlgorithm) + " ")) {
    return incomplete("Unsupported AWS 'algorithm' in the Authorization header.");
  }
  std::string credential, signed_headers;
  for (const auto& part : split(authorization.substr(kAlgorithm.size() + 1), ',')) {
    const auto item = canonical_value(part);
    const auto equals = item.find('=');
    const auto name = item.substr(0, equals);
    const auto value = equals == std::string::npos ? std::string() : item.substr(equals + 1);
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") signed_headers = value;
    if (name == "Signature") claim.signature = value;
  }
  const std::pair<const char*, bool> needed[] = {{"Credential", credential.empty()},
                                                 {"Signature", claim.signature.empty()},
                                                 {"SignedHeaders", signed_headers.empty()}};
  for (const auto& [name, absent] : needed) {
    if (absent) {
      return incomplete(fmt::format("Authorization header requires '{}' parameter.", name));
    }
  }
  claim.amz_date = wire::find_header(request.headers, "x-amz-date");
  if (claim.amz_date.empty()) {
    return incomplete(
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  if (auto failure = take_credential(credential, claim)) return *failure;
  claim.signed_headers = split(signed_headers, ';');
  claim.session_token = wire::find_header(request.headers, "x-amz-security-token");
  return claim;
}

std::variant<Claim, SigV4Failure> read_query_claim(const QueryItems& items) {
  Claim claim;
  claim.in_query = true;
  for (const char* name : {"X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                           "X-Amz-SignedHeaders", "X-Amz-Signature"}) {
    if (find_item(items, name).empty()) {
      return incomplete(fmt::format("AWS query-string parameters must include '{}'.", name));
    }
  }
  if (find_item(items, "X-Amz-Algorithm") != kAlgorithm) {
    return incomplete("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
  }
  const auto expires = find_item(items, "X-Amz-Expires");
  const auto* end = expires.data() + expires.size();
  const auto parsed = std::from_chars(expires.data(), end, claim.life_s);
  if (parsed.ec != std::errc() || parsed.ptr != end || claim.life_s < 1 ||
      claim.life_s > kMaxQueryLifeS) {
    return incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800");
  }
  if (auto failure = take_credential(find_item(items, "X-Amz-Credential"), claim))
    return *failure;
  claim.amz_date = find_item(items, "X-Amz-Date");
  claim.signed_headers = split(find_item(items, "X-Amz-SignedHeaders"), ';');
  claim.signature = find_item(items, "X-Amz-Signature");
  claim.session_token = find_item(items, "X-Amz-Security-Token");
  return claim;
}

/// Which headers a signature must cover, beyond those it names.
std::optional<SigV4Failure> check_signed_headers(const wire::HttpRequest& request,
                                                 const Claim& claim) {
  const auto is_signed = [&](std::string_view name) {
    return std::find(claim.signed_headers.begin(), claim.signed_headers.end(), name) !=
           claim.signed_headers.end();
  };
  if (!std::is_sorted(claim.signed_headers.begin(), claim.signed_headers.end())) {
    return SigV4Failure{SigV4Fault::kMismatch, kMismatchText};
  }
  if (!is_signed("host") || (!claim.in_query && !is_signed("x-amz-date"))) {
    return SigV4Failure{
        SigV4Fault::kMismatch,
        "'Host' or ':authority' and 'X-Amz-Date' must be a 'SignedHeader' in the "
        "AWS Authorization."};
  }
  for (const auto& [field, value] : request.headers) {
    const auto name = to_lower(field);
    if (name.starts_with("x-amz-") && !is_signed(name)) {
      return SigV4Failure{
          SigV4Fault::kMismatch,
          fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", name)};
    }
  }
  return std::nullopt;
}

std::optional<SigV4Failure> check_date(const Claim& claim, std::int64_t now) {
  const auto at = parse_amz_date(claim.amz_date);
  if (!at) {
    return incomplete("Date must be in ISO-8601 'basic format'. Got '" + claim.amz_date +
                      "'. See http://en.wikipedia.org/wiki/ISO_8601");
  }
  if (claim.day != claim.amz_date.substr(0, 8)) {
    return SigV4Failure{
        SigV4Fault::kMismatch,
        fmt::format("Date in Credential scope does not match YYYYMMDD from "
                    "ISO-8601 version of date from HTTP: '{}' != '{}', from '{}'.",
                    claim.day, claim.amz_date.substr(0, 8), claim.amz_date)};
  }
  if (*at > now + kMaxClockSkewS) {
    return SigV4Failure{
        SigV4Fault::kMismatch,
        fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)",
                    claim.amz_date, format_amz_date(now + kMaxClockSkewS),
                    format_amz_date(now))};
  }
  const auto life = claim.in_query ? claim.life_s : kMaxClockSkewS;
  if (*at + life < now) {
    return SigV4Failure{
        SigV4Fault::kMismatch,
        fmt::format("Signature expired: {} is now earlier than {} ({} - {} s.)", claim.amz_date,
                    format_amz_date(now - life), format_amz_date(now), life)};
  }
  return std::nullopt;
}

std::optional<SigV4Failure> check_scope(const Claim& claim, const SigV4Scope& scope) {
  if (claim.region != scope.region) {
    return SigV4Failure{
        SigV4Fault::kMismatch,
        fmt::format("Credential should be scoped to a valid region, not '{}'. ", claim.region)};
  }
  if (claim.service != scope.service) {
    return SigV4Failure{
        SigV4Fault::kMismatch,
        fmt::format("Credential should be scoped to correct service: '{}'. ", scope.service)};
  }
  return std::nullopt;
}

std::string canonical_request(const wire::HttpRequest& request, const Claim& claim,
                              const QueryItems& items) {
  std::string headers, names;
  for (const auto& name : claim.signed_headers) {
    headers += name + ":" + header_values(request.headers, name).value_or("") + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  return request.method + "\n" + canonical_path(split_target(request.target).first) + "\n" +
         canonical_query(items) + "\n" + headers + "\n" + names + "\n" +
         encode_hex(sha256(request.body));
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool signature_holds(const wire::HttpRequest& request, const Claim& claim,
                     const QueryItems& items, const AccessKey& key) {
  const auto scope = claim.day + "/" + claim.region + "/" + claim.service + "/aws4_request";
  const auto text = std::string(kAlgorithm) + "\n" + claim.amz_date + "\n" + scope + "\n" +
                    encode_hex(sha256(canonical_request(request, claim, items)));
  const auto start = "AWS4" + std::string(key.secret.reveal());
  auto derived = hmac(as_bytes(start), claim.day);
  for (const std::string_view part :
       {std::string_view(claim.region), std::string_view(claim.service),
        std::string_view("aws4_request")}) {
    derived = hmac(derived, part);
  }
  return equal(encode_hex(hmac(derived, text)), claim.signature);
}

}  // namespace

std::variant<std::string, SigV4Failure> verify_sigv4(const wire::HttpRequest& request,
                                                     const SigV4Scope& scope,
                                                     const KeyLookup& find_key,
                                                     std::int64_t now_unix_s) {
  const auto authorization = wire::find_header(request.headers, "authorization");
  const auto items = parse_query(split_target(request.target).second);
  if (authorization.empty() && find_item(items, "X-Amz-Algorithm").empty()) {
    return SigV4Failure{SigV4Fault::kMissing, "Request is missing Authentication Token"};
  }
  auto read = authorization.empty() ? read_query_claim(items)
                                    : read_header_claim(request, authorization);
  if (auto* failure = std::get_if<SigV4Failure>(&read)) return *failure;
  const auto& claim = std::get<Claim>(read);

  const auto key = find_key(claim.access_key_id);
  if (!key || !equal(claim.session_token, key->session_token.reveal())) {
    return SigV4Failure{SigV4Fault::kUnknownKey, kInvalidTokenText};
  }
  if (auto failure = check_signed_headers(request, claim)) return *failure;
  if (auto failure = check_date(claim, now_unix_s)) return *failure;
  if (auto failure = check_scope(claim, scope)) return *failure;
  if (!signature_holds(request, claim, items, *key)) {
    return SigV4Failure{SigV4Fault::kMismatch, kMismatchText};
  }
  if (key->expires_unix_s != 0 && key->expires_unix_s <= now_unix_s) {
    return SigV4Failure{SigV4Fault::kExpired,
                        "The security token included in the request is expired"};
  }
  return claim.access_key_id;
}

}  // namespace passport::lab
