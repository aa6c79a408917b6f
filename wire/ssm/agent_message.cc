#include "wire/ssm/agent_message.h"

#include <algorithm>
#include <memory>

#include <openssl/evp.h>

#include "base/text.h"

namespace passport::wire::ssm {
namespace {

constexpr std::uint32_t kHeaderLength = 116;
constexpr std::size_t kMessageTypeSize = 32;
constexpr std::size_t kUuidHalf = 8;

std::string_view trim_padding(ByteView field) {
  const auto text = as_text(field);
  const auto last = text.find_last_not_of(std::string_view(" \0", 2));
  return text.substr(0, last + 1);
}

struct DigestContext {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* state = EVP_MD_CTX_new();
  DigestContext() = default;
  DigestContext(const DigestContext&) = delete;
  DigestContext& operator=(const DigestContext&) = delete;
  ~DigestContext() {
    EVP_MD_CTX_free(state);
    EVP_MD_free(algorithm);
  }
};

}  // namespace

Result<AgentMessage> parse_agent_message(ByteView in) {
  ByteReader r(in);
  AgentMessage m;
  const auto header_length = r.u32();
  m.message_type = trim_padding(r.take(kMessageTypeSize));
  m.schema_version = r.u32();
  m.created_date = r.u64();
  m.sequence_number = static_cast<std::int64_t>(r.u64());
  m.flags = r.u64();
  const auto low = r.take(kUuidHalf);
  const auto high = r.take(kUuidHalf);
  const auto digest = r.take(m.payload_digest.size());
  m.payload_type = r.u32();
  const auto payload_length = r.u32();
  if (!r.ok()) return Error{Errc::kMalformed, "agent message: truncated header"};
  std::copy(high.begin(), high.end(), m.message_id.begin());
  std::copy(low.begin(), low.end(), m.message_id.begin() + kUuidHalf);
  std::copy(digest.begin(), digest.end(), m.payload_digest.begin());
  // The reference finds payload_length right after header_length bytes; a longer header would
  // carry fields we do not know, and would not be sent back as it came.
  if (header_length != kHeaderLength)
    return Error{Errc::kMalformed,
                 "agent message: header_length " + std::to_string(header_length)};
  if (payload_length != r.left())
    return Error{Errc::kMalformed, "agent message: payload_length disagrees with size"};
  if (m.sequence_number < 0)
    return Error{Errc::kMalformed, "agent message: negative sequence_number"};
  m.payload = r.rest();
  return m;
}

void serialize_agent_message(const AgentMessage& m, Bytes& out) {
  out.reserve(out.size() + kAgentMessageOverhead + m.payload.size());
  append_u32(out, kHeaderLength);
  append(out, as_bytes(m.message_type.substr(0, kMessageTypeSize)));
  out.insert(out.end(), kMessageTypeSize - std::min(kMessageTypeSize, m.message_type.size()),
             ' ');
  append_u32(out, m.schema_version);
  append_u64(out, m.created_date);
  append_u64(out, static_cast<std::uint64_t>(m.sequence_number));
  append_u64(out, m.flags);
  append(out, ByteView(m.message_id).subspan(kUuidHalf));
  append(out, ByteView(m.message_id).first(kUuidHalf));
  append(out, m.payload_digest);
  append_u32(out, m.payload_type);
  append_u32(out, static_cast<std::uint32_t>(m.payload.size()));
  append(out, m.payload);
}

Digest compute_digest(ByteView payload) {
  // Fetching the algorithm costs more than hashing a small payload: once a thread is enough.
  thread_local const DigestContext context;
  Digest digest{};
  EVP_DigestInit_ex2(context.state, context.algorithm, nullptr);
  EVP_DigestUpdate(context.state, payload.data(), payload.size());
  EVP_DigestFinal_ex(context.state, digest.data(), nullptr);
  return digest;
}

bool digest_matches(const AgentMessage& message) {
  return compute_digest(message.payload) == message.payload_digest;
}

std::string encode_uuid(const Uuid& uuid) {
  auto text = encode_hex(uuid);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
  return text;
}

Result<Uuid> decode_uuid(std::string_view text) {
  constexpr std::size_t kTextSize = 36;
  const auto bad = Error{Errc::kMalformed, "not a UUID"};
  if (text.size() != kTextSize) return bad;
  Uuid uuid{};
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < kTextSize; ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return bad;
      continue;
    }
    const int v = c >= '0' && c <= '9'   ? c - '0'
                  : c >= 'a' && c <= 'f' ? c - 'a' + 10
                  : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                         : -1;
    if (v < 0) return bad;
    uuid[nibble / 2] = static_cast<std::uint8_t>(uuid[nibble / 2] << 4 | v);
    ++nibble;
  }
  return uuid;
}

}  // namespace passport::wire::ssm
