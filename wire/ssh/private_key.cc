#include "wire/ssh/private_key.h"

#include <array>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/base64.h"
#include "wire/ssh/encoding.h"

namespace passport::wire::ssh {
namespace {

constexpr std::size_t kSeedSize = 32;
constexpr std::size_t kPublicPart = 32;  ///< of an Ed25519 blob: its last bytes
constexpr std::string_view kMagic{"openssh-key-v1\0", 15};
constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view kEnd = "-----END OPENSSH PRIVATE KEY-----";
constexpr std::size_t kLineLength = 70;
constexpr std::size_t kBlockSize = 8;  ///< of cipher "none"
constexpr std::size_t kMaxPadding =
    16;  ///< libssh pads what is whole, by a block of its cipher's
constexpr std::size_t kMaxFile = 64 << 10;

Error malformed(std::string detail) {
  return {Errc::kMalformed, "private key: " + std::move(detail)};
}

struct FreeNumbers {
  void operator()(BIGNUM* p) const { BN_clear_free(p); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(BN_CTX* p) const { BN_CTX_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeNumbers>;

/// Bytes that are wiped when they go.
class Wiped {
 public:
  explicit Wiped(std::size_t capacity) { bytes.reserve(capacity); }
  explicit Wiped(Bytes given) : bytes(std::move(given)) {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() {
    if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
  }
  Bytes bytes;
};

Owned<BIGNUM> number_of(const Pkey& key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key.get(), name, &number);
  return Owned<BIGNUM>(number);
}

void append_number(Bytes& out, const Pkey& key, const char* name) {
  const auto number = number_of(key, name);
  Wiped magnitude(Bytes(static_cast<std::size_t>(BN_num_bytes(number.get()))));
  BN_bn2bin(number.get(), magnitude.bytes.data());
  append_mpint(out, magnitude.bytes);
}

PublicKey rsa_public_key(const Pkey& key) {
  PublicKey out{KeyType::kRsa, {}};
  append_string(out.blob, name_of(KeyType::kRsa));
  append_number(out.blob, key, OSSL_PKEY_PARAM_RSA_E);
  append_number(out.blob, key, OSSL_PKEY_PARAM_RSA_N);
  return out;
}

PublicKey ed25519_public_key(const Pkey& key) {
  std::array<std::uint8_t, 32> raw{};
  std::size_t size = raw.size();
  EVP_PKEY_get_raw_public_key(key.get(), raw.data(), &size);
  PublicKey out{KeyType::kEd25519, {}};
  append_string(out.blob, name_of(KeyType::kEd25519));
  append_string(out.blob, raw);
  return out;
}

/// The parts of an RSA key that make it up whole: those of the file, in its order, and the two
/// exponents for the primes.
constexpr std::array<const char*, 8> kRsaParams = {
    {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
     OSSL_PKEY_PARAM_RSA_COEFFICIENT1, OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
     OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2}};
constexpr std::size_t kRsaFileParams = 6;
using RsaNumbers = std::array<Owned<BIGNUM>, kRsaParams.size()>;

Result<Pkey> import_key(const char* type, OSSL_PARAM* params) {
  const Owned<EVP_PKEY_CTX> maker(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
      EVP_PKEY_fromdata(maker.get(), &key, EVP_PKEY_KEYPAIR, params) != 1)
    return malformed("libcrypto does not take it");
  return Pkey(key);
}

Result<Pkey> import_rsa(const RsaNumbers& numbers) {
  const Owned<OSSL_PARAM_BLD> build(OSSL_PARAM_BLD_new());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (OSSL_PARAM_BLD_push_BN(build.get(), kRsaParams[i], numbers[i].get()) != 1)
      return malformed("a number is unusable");
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(build.get()));
  if (!params) return malformed("libcrypto does not take it");
  return import_key("RSA", params.get());
}

/// Given the public half too, libcrypto does not compute it, which takes as long as a
/// signature.
Result<Pkey> import_ed25519(ByteView public_part, ByteView seed) {
  SecureBuffer secret(seed);
  Bytes open(public_part.begin(), public_part.end());
  std::array<OSSL_PARAM, 3> params = {
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, open.data(), open.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, secret.span().data(),
                                        seed.size()),
      OSSL_PARAM_construct_end()};
  return import_key("ED25519", params.data());
}

Result<Owned<BIGNUM>> read_number(ByteView mpint) {
  if (!is_positive_mpint(mpint)) return malformed("a number is not positive");
  Owned<BIGNUM> number(BN_secure_new());
  if (!BN_bin2bn(mpint.data(), static_cast<int>(mpint.size()), number.get()))
    return malformed("a number is unusable");
  return number;
}

/// Fills in d mod (p - 1) and d mod (q - 1), which the file leaves out.
bool add_exponents(RsaNumbers& numbers) {
  const Owned<BN_CTX> context(BN_CTX_secure_new());
  for (std::size_t i = 0; i < 2; ++i) {
    const Owned<BIGNUM> less(BN_dup(numbers[4 + i].get()));
    auto& exponent = numbers[kRsaFileParams + i];
    exponent.reset(BN_secure_new());
    if (BN_sub_word(less.get(), 1) != 1 || BN_is_zero(less.get()) ||
        BN_mod(exponent.get(), numbers[2].get(), less.get(), context.get()) != 1)
      return false;
  }
  return true;
}

/// From the numbers of a file, which must belong together.
Result<Pkey> make_rsa(const std::array<ByteView, kRsaFileParams>& file) {
  RsaNumbers numbers;
  for (std::size_t i = 0; i < file.size(); ++i) {
    auto number = read_number(file[i]);
    if (!number) return number.error();
    numbers[i] = std::move(*number);
  }
  if (!add_exponents(numbers)) return malformed("a number is unusable");
  auto key = import_rsa(numbers);
  if (!key) return key;
  const Owned<EVP_PKEY_CTX> check(EVP_PKEY_CTX_new(key->get(), nullptr));
  if (!check || EVP_PKEY_pairwise_check(check.get()) != 1)
    return malformed("its numbers do not belong together");
  return key;
}

/// The base64 between the lines that begin and end the file.
Result<Bytes> unwrap(std::string_view text) {
  const auto begin = text.find(kBegin);
  if (text.size() > kMaxFile || begin == std::string_view::npos)
    return malformed("not an OpenSSH key file");
  text.remove_prefix(begin + kBegin.size());
  const auto end = text.find(kEnd);
  if (end == std::string_view::npos) return malformed("its end is missing");
  std::string base64;
  base64.reserve(end);
  for (const char c : text.substr(0, end))
    if (c != '\n' && c != '\r') base64 += c;
  auto bytes = decode_base64(base64);
  ::explicit_bzero(base64.data(), base64.size());
  if (!bytes) return malformed("not base64");
  Bytes out(bytes->begin(), bytes->end());
  ::explicit_bzero(bytes->data(), bytes->size());
  return out;
}

struct Envelope {
  PublicKey public_key;
  ByteView secret;  ///< both check numbers, the key, its comment, padding
};

Result<Envelope> open_envelope(ByteView file) {
  ByteReader in(file);
  if (as_text(in.take(kMagic.size())) != kMagic) return malformed("not an OpenSSH key file");
  const auto cipher = as_text(read_string(in));
  const auto kdf = as_text(read_string(in));
  const auto kdf_options = read_string(in);
  const auto keys = in.u32();
  const auto public_blob = read_string(in);
  const auto secret = read_string(in);
  if (!in.ok() || in.left() != 0 || keys != 1) return malformed("a length contradicts it");
  if (cipher != "none" || kdf != "none" || !kdf_options.empty())
    return Error{Errc::kDenied, "private key: it is encrypted with a passphrase"};
  auto public_key = parse_public_key(public_blob);
  if (!public_key) return public_key.error();
  if (secret.size() % kBlockSize != 0) return malformed("its padding is wrong");
  return Envelope{std::move(*public_key), secret};
}

/// Comment and padding, after which nothing follows.
Result<void> check_rest(ByteReader& in) {
  (void)read_string(in);
  const auto padding = in.rest();
  if (!in.ok() || padding.size() > kMaxPadding) return malformed("its padding is wrong");
  for (std::size_t i = 0; i < padding.size(); ++i)
    if (padding[i] != i + 1) return malformed("its padding is wrong");
  return {};
}

Result<Pkey> read_ed25519(ByteReader& in) {
  const auto public_part = read_string(in);
  const auto both = read_string(in);
  if (!in.ok() || public_part.size() != 32 || both.size() != 64)
    return malformed("an Ed25519 key of another size");
  Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, both.data(), kSeedSize));
  if (!key) return malformed("libcrypto does not take it");
  const auto derived = ed25519_public_key(key).blob;
  const auto derived_key = as_text(ByteView(derived).last(32));
  if (derived_key != as_text(public_part) || derived_key != as_text(both.subspan(kSeedSize)))
    return malformed("its private half does not belong to its public half");
  return key;
}

Result<Pkey> read_rsa(ByteReader& in) {
  std::array<ByteView, 6> numbers;
  for (auto& number : numbers) number = read_string(in);
  if (!in.ok()) return malformed("it is cut short");
  return make_rsa(numbers);
}

}  // namespace

Result<PrivateKey> PrivateKey::from_ed25519_seed(ByteView seed) {
  if (seed.size() != kSeedSize) return Error{Errc::kUsage, "a seed that is not 32 bytes"};
  Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  if (!key) return Error{Errc::kInternal, "libcrypto does not take a seed"};
  auto public_key = ed25519_public_key(key);
  return PrivateKey(std::move(key), std::move(public_key));
}

Result<PrivateKey> PrivateKey::generate_rsa(unsigned bits) {
  if (bits != 3072 && bits != 4096)
    return Error{Errc::kUsage, "RSA keys are of 3072 or 4096 bits"};
  Pkey key(EVP_RSA_gen(bits));
  if (!key) return Error{Errc::kInternal, "libcrypto makes no RSA key"};
  auto public_key = rsa_public_key(key);
  return PrivateKey(std::move(key), std::move(public_key));
}

Result<PrivateKey> PrivateKey::from_rsa(Pkey key) {
  auto public_key = parse_public_key(rsa_public_key(key).blob);
  if (!public_key) return public_key.error();
  return PrivateKey(std::move(key), std::move(*public_key));
}

Result<Bytes> PrivateKey::sign(SignatureAlgorithm algorithm, ByteView data) {
  return ssh::sign(key_.get(), public_key_.type, algorithm, data);
}

SecureBuffer PrivateKey::export_secret() const {
  if (public_key_.type == KeyType::kEd25519) {
    SecureBuffer seed(kSeedSize);
    auto size = kSeedSize;
    EVP_PKEY_get_raw_private_key(key_.get(), seed.span().data(), &size);
    return seed;
  }
  Wiped numbers(kMaxFile);  // one allocation: nothing is left behind by growth
  for (const auto* name : kRsaParams) append_number(numbers.bytes, key_, name);
  return SecureBuffer(numbers.bytes);
}

Result<PrivateKey> PrivateKey::import_secret(PublicKey public_key, ByteView secret) {
  ByteReader in(secret);
  auto key = Result<Pkey>(malformed("of another type"));
  if (public_key.type == KeyType::kEd25519) {
    const auto seed = in.take(kSeedSize);
    if (in.ok() && in.left() == 0)
      key = import_ed25519(ByteView(public_key.blob).last(kPublicPart), seed);
  } else if (public_key.type == KeyType::kRsa) {
    RsaNumbers numbers;
    for (auto& number : numbers) {
      auto read = read_number(read_string(in));
      if (!read) return read.error();
      number = std::move(*read);
    }
    key = import_rsa(numbers);
  }
  if (!key) return key.error();
  return PrivateKey(std::move(*key), std::move(public_key));
}

Secret PrivateKey::serialize_file(std::string_view comment, std::uint32_t check) const {
  Wiped secret(8192 + comment.size());  // one allocation: nothing is left behind by growth
  auto& out = secret.bytes;
  append_u32(out, check);
  append_u32(out, check);
  append_string(out, name_of(public_key_.type));
  if (public_key_.type == KeyType::kEd25519) {
    Wiped both(Bytes(2 * kSeedSize));
    std::size_t size = kSeedSize;
    EVP_PKEY_get_raw_private_key(key_.get(), both.bytes.data(), &size);
    EVP_PKEY_get_raw_public_key(key_.get(), both.bytes.data() + kSeedSize, &size);
    append_string(out, ByteView(both.bytes).subspan(kSeedSize));
    append_string(out, both.bytes);
  } else {
    for (std::size_t i = 0; i < kRsaFileParams; ++i) append_number(out, key_, kRsaParams[i]);
  }
  append_string(out, comment);
  for (std::uint8_t i = 1; out.size() % kBlockSize != 0; ++i) out.push_back(i);

  Wiped file(2 * out.size() + public_key_.blob.size() + 64);
  append(file.bytes, as_bytes(kMagic));
  append_string(file.bytes, std::string_view("none"));
  append_string(file.bytes, std::string_view("none"));
  append_string(file.bytes, std::string_view());
  append_u32(file.bytes, 1);
  append_string(file.bytes, public_key_.blob);
  append_string(file.bytes, out);
  auto base64 = encode_base64(file.bytes);
  std::string text;
  text.reserve(2 * base64.size() + 128);
  text += kBegin;
  for (std::size_t at = 0; at < base64.size(); at += kLineLength)
    text.append(base64, at, kLineLength) += '\n';
  text += kEnd;
  text += '\n';
  ::explicit_bzero(base64.data(), base64.size());
  return Secret(std::move(text));
}

Result<Secret> PrivateKey::serialize_pkcs8(const Secret& passphrase) const {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_secmem()), BIO_free);
  const auto words = passphrase.reveal();
  char* text = nullptr;
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), EVP_aes_256_cbc(), words.data(),
                                    static_cast<int>(words.size()), nullptr, nullptr) != 1)
    return Error{Errc::kInternal, "libcrypto does not lock a key"};
  const auto size = BIO_get_mem_data(bio.get(), &text);
  return Secret(std::string(text, static_cast<std::size_t>(size)));
}

Result<PrivateKey> parse_private_key_file(std::string_view text) {
  auto unwrapped = unwrap(text);
  if (!unwrapped) return unwrapped.error();
  const Wiped file(std::move(*unwrapped));
  auto envelope = open_envelope(file.bytes);
  if (!envelope) return envelope.error();
  ByteReader in(envelope->secret);
  const auto check = in.u32();
  if (check != in.u32()) return malformed("its check numbers differ");
  const auto type = as_text(read_string(in));
  if (!in.ok() || type != name_of(envelope->public_key.type))
    return malformed("its two halves are of different types");
  const auto kind = envelope->public_key.type;
  if (kind != KeyType::kEd25519 && kind != KeyType::kRsa)
    return malformed("neither Ed25519 nor RSA");
  auto key = kind == KeyType::kEd25519 ? read_ed25519(in) : read_rsa(in);
  if (!key) return key.error();
  if (auto good = check_rest(in); !good) return good.error();
  auto public_key = kind == KeyType::kEd25519 ? ed25519_public_key(*key) : rsa_public_key(*key);
  if (public_key != envelope->public_key)
    return malformed("its private half does not belong to its public half");
  return PrivateKey(std::move(*key), std::move(public_key));
}

}  // namespace passport::wire::ssh
