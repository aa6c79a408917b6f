#include "service/key_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>

#include "aws/private_file.h"
#include "net/token_key.h"
#include "wire/ssh/private_key.h"

namespace passport::service {
namespace {

using wire::ssh::KeyType;
using wire::ssh::PrivateKey;
using wire::ssh::Signer;

constexpr unsigned kRsaBits = 3072;
constexpr std::size_t kSeedSize = 32;
constexpr std::size_t kMaxKeyFile = 64 << 10;  ///< bytes

Error at(const std::string& place, const Error& error) {
  return {error.code, place + ": " + error.detail, error.hint};
}

/// nullopt: there is no such file. One that cannot be seen, or a link to nowhere, is none that
/// may be made anew: what trusts the key would trust it no more.
Result<std::optional<Secret>> read_key_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 && errno == ENOENT) return std::optional<Secret>();
  if (::stat(path.c_str(), &status) != 0)
    return Error{Errc::kConfig, path + ": " + std::strerror(errno)};
  if ((status.st_mode & 077) != 0)
    return Error{Errc::kDenied, path + ": other users may read it", "chmod 600 " + path};
  std::string text(kMaxKeyFile, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.eof() || text.empty())
    return Error{Errc::kConfig, path + ": it cannot be read as a key"};
  return std::optional<Secret>(Secret(std::move(text)));
}

Result<PrivateKey> make_key(KeyType type, const RandomSource& random) {
  if (type == KeyType::kRsa) return PrivateKey::generate_rsa(kRsaBits);
  wire::ssh::SecureBuffer seed(kSeedSize);
  random(seed.span());
  return PrivateKey::from_ed25519_seed(seed.view());
}

Result<std::unique_ptr<Signer>> make_file(const std::string& path, KeyType type,
                                          const RandomSource& random) {
  auto key = make_key(type, random);
  if (!key) return key.error();
  std::array<std::uint8_t, 4> check{};
  random(check);
  const auto text = key->serialize_file("passport", ByteReader(check).u32());
  if (auto saved = aws::save_private_file(path, text.reveal()); !saved) return saved.error();
  return std::unique_ptr<Signer>(std::make_unique<PrivateKey>(std::move(*key)));
}

/// `own`: it may be made.
Result<std::unique_ptr<Signer>> open_file(const std::string& path, KeyType type, bool own,
                                          const RandomSource& random) {
  const auto text = read_key_file(path);
  if (!text) return text.error();
  if (!*text && own) return make_file(path, type, random);
  if (!*text) return Error{Errc::kConfig, path + ": there is no such file"};
  auto key = wire::ssh::parse_private_key_file((*text)->reveal());
  if (!key) return at(path, key.error());
  return std::unique_ptr<Signer>(std::make_unique<PrivateKey>(std::move(*key)));
}

Result<std::unique_ptr<Signer>> open_token(const std::string& uri) {
  auto key = net::TokenKey::open(uri);
  if (!key) return key.error();
  return std::unique_ptr<Signer>(std::move(*key));
}

}  // namespace

Result<std::unique_ptr<Signer>> open_key(const std::string& place, const std::string& own,
                                         KeyType type, const RandomSource& random) {
  auto key = place.starts_with("pkcs11:") ? open_token(place)
             : place.empty()              ? open_file(own, type, true, random)
                                          : open_file(place, type, false, random);
  if (key && (*key)->public_key().type != type)
    return Error{Errc::kConfig, fmt::format("{}: the key is not of type {}",
                                            place.empty() ? own : place, name_of(type))};
  return key;
}

}  // namespace passport::service
