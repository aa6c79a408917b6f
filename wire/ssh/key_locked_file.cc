#include "wire/ssh/key_locked_file.h"

#include <memory>
#include <string>

#include <libssh/libssh.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

namespace passport::wire::ssh {
namespace {

struct FreeLibssh {
  void operator()(ssh_key key) const { ssh_key_free(key); }
  void operator()(char* text) const {
    ::explicit_bzero(text, ::strlen(text));
    ssh_string_free_char(text);
  }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<ssh_key_struct, FreeLibssh>;
using Text = std::unique_ptr<char, FreeLibssh>;

Key import_text(std::string_view text, const Secret* passphrase) {
  const Secret file{std::string(text)};  // libssh wants an end
  const Secret words{passphrase == nullptr ? std::string() : std::string(passphrase->reveal())};
  ssh_key key = nullptr;
  const auto* given = passphrase == nullptr ? nullptr : words.reveal().data();
  if (ssh_pki_import_privkey_base64(file.reveal().data(), given, nullptr, nullptr, &key) !=
      SSH_OK)
    return nullptr;
  return Key(key);
}

Text export_text(const Key& key, const Secret* passphrase) {
  const Secret words{passphrase == nullptr ? std::string() : std::string(passphrase->reveal())};
  char* text = nullptr;
  const auto* given = passphrase == nullptr ? nullptr : words.reveal().data();
  if (ssh_pki_export_privkey_base64(key.get(), given, nullptr, nullptr, &text) != SSH_OK)
    return nullptr;
  return Text(text);
}

/// libcrypto's question for a passphrase.
int give_passphrase(char* into, int size, int /*writes*/, void* passphrase) {
  const auto words = static_cast<const Secret*>(passphrase)->reveal();
  if (words.size() > static_cast<std::size_t>(size)) return -1;
  words.copy(into, words.size());
  return static_cast<int>(words.size());
}

Error denied() {
  return {Errc::kDenied, "private key: not one, or under another passphrase"};
}

Result<PrivateKey> parse_openssh(std::string_view text, const Secret& passphrase) {
  const auto key = import_text(text, &passphrase);
  if (key == nullptr) return denied();
  const auto open = export_text(key, nullptr);
  if (open == nullptr)
    return Error{Errc::kMalformed, "private key: only an Ed25519 one can be read in this form",
                 "ssh-keygen -p -m PKCS8 -f FILE writes an RSA key in another"};
  return parse_private_key_file(open.get());
}

Result<PrivateKey> parse_pem(std::string_view text, const Secret& passphrase) {
  const std::unique_ptr<BIO, FreeLibssh> bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Secret words = passphrase;
  Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &words));
  if (key == nullptr) return denied();
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    return Error{Errc::kMalformed, "private key: not an RSA one"};
  return PrivateKey::from_rsa(std::move(key));
}

}  // namespace

Result<PrivateKey> parse_locked_private_key_file(std::string_view text,
                                                 const Secret& passphrase) {
  const bool openssh = text.find("BEGIN OPENSSH PRIVATE KEY") != std::string_view::npos;
  return openssh ? parse_openssh(text, passphrase) : parse_pem(text, passphrase);
}

Result<Secret> serialize_locked_file(const PrivateKey& key, const Secret& passphrase,
                                     std::uint32_t check) {
  if (passphrase.empty()) return Error{Errc::kUsage, "an empty passphrase"};
  if (key.public_key().type == KeyType::kRsa) return key.serialize_pkcs8(passphrase);
  const auto imported = import_text(key.serialize_file("", check).reveal(), nullptr);
  const auto locked = imported == nullptr ? nullptr : export_text(imported, &passphrase);
  if (locked == nullptr) return Error{Errc::kInternal, "libssh does not lock a key"};
  return Secret(std::string(locked.get()));
}

}  // namespace passport::wire::ssh
