#include "keyagent/keyring.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace passport::keyagent {
namespace {

/// As OpenSSH's agent stretches its lock's passphrase, so that a guess costs something.
constexpr int kRounds = 10000;
constexpr std::size_t kHashSize = 32;

}  // namespace

Result<void> Keyring::put(const std::string& request_id, std::vector<Identity> identities) {
  if (identities.size() > kMaxIdentities)
    return Error{Errc::kUsage, "too many identities for one request"};
  if (requests_.size() >= kMaxRequests && !requests_.contains(request_id))
    return Error{Errc::kUsage, "too many requests"};
  requests_[request_id] = std::move(identities);
  return {};
}

bool Keyring::drop(const std::string& request_id) {
  return requests_.erase(request_id) > 0;
}

bool Keyring::expire(Time now) {
  std::size_t dropped = 0;
  for (auto it = requests_.begin(); it != requests_.end();) {
    dropped +=
        std::erase_if(it->second, [&](const Identity& i) { return i.valid_before <= now; });
    it = it->second.empty() ? requests_.erase(it) : std::next(it);
  }
  return dropped > 0;
}

std::vector<const Identity*> Keyring::list(Time now) const {
  std::vector<const Identity*> out;
  if (locked()) return out;
  for (const auto& [id, identities] : requests_)
    for (const auto& identity : identities)
      if (now < identity.valid_before) out.push_back(&identity);
  return out;
}

const Identity* Keyring::find(ByteView blob, Time now) const {
  for (const auto* identity : list(now))
    if (std::equal(blob.begin(), blob.end(), identity->blob.begin(), identity->blob.end()))
      return identity;
  return nullptr;
}

std::optional<Time> Keyring::next_expiry() const {
  std::optional<Time> earliest;
  for (const auto& [id, identities] : requests_)
    for (const auto& identity : identities)
      earliest = std::min(identity.valid_before, earliest.value_or(identity.valid_before));
  return earliest;
}

Bytes Keyring::hash(ByteView passphrase, ByteView salt) {
  Bytes out(kHashSize);
  PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(passphrase.data()),
                    static_cast<int>(passphrase.size()), salt.data(),
                    static_cast<int>(salt.size()), kRounds, EVP_sha256(),
                    static_cast<int>(out.size()), out.data());
  return out;
}

bool Keyring::lock(ByteView passphrase, ByteView salt) {
  if (lock_) return false;
  lock_ = Lock{Bytes(salt.begin(), salt.end()), hash(passphrase, salt)};
  return true;
}

bool Keyring::unlock(ByteView passphrase) {
  if (!lock_) return false;
  const auto given = hash(passphrase, lock_->salt);
  if (CRYPTO_memcmp(given.data(), lock_->hash.data(), given.size()) != 0) return false;
  lock_.reset();
  return true;
}

}  // namespace passport::keyagent
