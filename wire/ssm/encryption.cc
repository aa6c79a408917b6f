#include "wire/ssm/encryption.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include <openssl/evp.h>

namespace passport::wire::ssm {
namespace {

constexpr std::size_t kTagSize = kEncryptionOverhead - kNonceSize;

void require(bool done) {
  if (!done) throw std::runtime_error("libcrypto cannot encrypt");
}

/// "key/ID" or "alias/NAME" of an ARN; of a bare name likewise.
std::string resource_of(std::string_view key, bool is_arn) {
  if (!is_arn) return (key.starts_with("alias/") ? "" : "key/") + std::string(key);
  for (int colons = 0; colons < 5 && !key.empty(); ++colons)
    key.remove_prefix(std::min(key.find(':'), key.size() - 1) + 1);
  return std::string(key);
}

}  // namespace

void PayloadCipher::Free::operator()(EVP_CIPHER_CTX* context) const {
  EVP_CIPHER_CTX_free(context);
}

PayloadCipher::PayloadCipher(Context encrypts, Context decrypts, const Nonce& first)
    : encrypts_(std::move(encrypts)), decrypts_(std::move(decrypts)), nonce_(first) {}

PayloadCipher::Context PayloadCipher::make_context(ByteView key, bool encrypts) {
  Context context(EVP_CIPHER_CTX_new());
  require(context && EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(),
                                       nullptr, encrypts ? 1 : 0) == 1);
  return context;
}

Result<PayloadCipher> PayloadCipher::make(const Secret& data_key, End end, const Nonce& first) {
  const auto key = as_bytes(data_key.reveal());
  if (key.size() != kDataKeySize)
    return Error{Errc::kMalformed, "a data key of " + std::to_string(key.size()) +
                                       " bytes, not " + std::to_string(kDataKeySize)};
  const auto of_agent = key.first(kDataKeySize / 2);
  const auto of_client = key.last(kDataKeySize / 2);
  const bool client = end == End::kClient;
  return PayloadCipher(make_context(client ? of_client : of_agent, true),
                       make_context(client ? of_agent : of_client, false), first);
}

PayloadCipher::Nonce PayloadCipher::make_nonce(const Uuid& uuid) {
  Nonce out{};
  std::copy_n(uuid.begin(), out.size(), out.begin());
  return out;
}

void PayloadCipher::count() {
  for (auto& byte : nonce_)
    if (++byte != 0) break;
}

void PayloadCipher::encrypt(ByteView plain, Bytes& out) {
  auto* context = encrypts_.get();
  const auto at = out.size();
  append(out, nonce_);
  out.resize(at + kEncryptionOverhead + plain.size());
  auto* body = out.data() + at + kNonceSize;
  int n = 0;
  require(EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce_.data()) == 1);
  if (!plain.empty())
    require(EVP_EncryptUpdate(context, body, &n, plain.data(),
                              static_cast<int>(plain.size())) == 1);
  require(EVP_EncryptFinal_ex(context, body + plain.size(), &n) == 1);
  require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kTagSize, body + plain.size()) ==
          1);
  count();
}

Result<void> PayloadCipher::decrypt(ByteView payload, Bytes& out) {
  out.clear();
  if (payload.size() < kEncryptionOverhead)
    return Error{Errc::kMalformed, "too short to be encrypted"};
  auto* context = decrypts_.get();
  const auto nonce = payload.first(kNonceSize);
  const auto body = payload.subspan(kNonceSize, payload.size() - kEncryptionOverhead);
  Bytes tag(payload.end() - kTagSize, payload.end());
  out.resize(body.size());
  int n = 0;
  bool right = EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1;
  if (!body.empty())
    right = right && EVP_DecryptUpdate(context, out.data(), &n, body.data(),
                                       static_cast<int>(body.size())) == 1;
  std::uint8_t nothing = 0;
  right = right &&
          EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
          EVP_DecryptFinal_ex(context, &nothing, &n) == 1;
  if (right) return {};
  out.clear();
  return Error{Errc::kMalformed, "not encrypted with the session's key"};
}

bool is_same_key(std::string_view expected, std::string_view named) {
  const bool expected_arn = expected.starts_with("arn:");
  const bool named_arn = named.starts_with("arn:");
  if (expected_arn == named_arn) return !expected.empty() && expected == named;
  return resource_of(expected, expected_arn) == resource_of(named, named_arn);
}

}  // namespace passport::wire::ssm
