// Keys and signatures, beside ssh-keygen.
#include <random>

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "base/base64.h"
#include "tests/wire/ssh/keygen.h"
#include "wire/ssh/encoding.h"
#include "wire/ssh/private_key.h"
#include "wire/ssh/public_key.h"

namespace passport::wire::ssh {
namespace {

struct Kind {
  const char* name;
  const char* options;  ///< of ssh-keygen
  KeyType type;
};

class KeysOfOpenssh : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    shop.run(std::string("ssh-keygen -q -N '' -C 'a comment' -f key ") + GetParam().options);
  }
  Workshop shop;
};

TEST_P(KeysOfOpenssh, PublicLinesReadAndWriteTheSame) {
  const auto line = shop.read("key.pub");
  const auto key = parse_public_key_line(line);
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->type, GetParam().type);
  EXPECT_EQ(render_public_key(*key, "a comment") + "\n", line);
  EXPECT_NE(shop.run("ssh-keygen -lf key.pub").find(fingerprint(key->blob) + " "),
            std::string::npos);
  EXPECT_TRUE(make_pkey(*key));
}

TEST_P(KeysOfOpenssh, BlobsAreReadStrictly) {
  const auto key = parse_public_key_line(shop.read("key.pub"));
  ASSERT_TRUE(key);
  for (std::size_t n = 0; n < key->blob.size(); ++n)
    EXPECT_FALSE(parse_public_key(ByteView(key->blob).first(n))) << "prefix of " << n;
  auto longer = key->blob;
  longer.push_back(0);
  EXPECT_FALSE(parse_public_key(longer));
  for (const std::size_t at : {std::size_t{3}, 4 + name_of(key->type).size() + 3}) {
    for (const int by : {-1, 1}) {  // each length off by one
      auto wrong = key->blob;
      wrong[at] = static_cast<std::uint8_t>(wrong[at] + by);
      EXPECT_FALSE(parse_public_key(wrong)) << at << " by " << by;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, KeysOfOpenssh,
    testing::Values(Kind{"ed25519", "-t ed25519", KeyType::kEd25519},
                    Kind{"rsa", "-t rsa -b 3072", KeyType::kRsa},
                    Kind{"ecdsa256", "-t ecdsa -b 256", KeyType::kEcdsaP256},
                    Kind{"ecdsa384", "-t ecdsa -b 384", KeyType::kEcdsaP384}),
    [](const auto& kind) { return std::string(kind.param.name); });

TEST(PublicKey, RefusesWhatIsWeakOrOffTheCurve) {
  Workshop shop;
  shop.run("ssh-keygen -q -N '' -t rsa -b 1024 -f weak; ssh-keygen -q -N '' -t ecdsa -f curve");
  const auto weak = parse_public_key_line(shop.read("weak.pub"));
  ASSERT_FALSE(weak);
  EXPECT_NE(weak.error().detail.find("1024 bits"), std::string::npos);
  auto curve = parse_public_key_line(shop.read("curve.pub"));
  ASSERT_TRUE(curve);
  curve->blob.back() ^= 1;
  EXPECT_FALSE(parse_public_key(curve->blob));
  EXPECT_FALSE(parse_public_key_line("ssh-rsa " + encode_base64(curve->blob)));
  EXPECT_FALSE(parse_public_key_line("ssh-dss AAAAB3NzaC1kc3M="));
  EXPECT_FALSE(parse_public_key_line(""));
}

Bytes random_seed(std::mt19937& random) {
  Bytes seed(32);
  for (auto& byte : seed) byte = static_cast<std::uint8_t>(random());
  return seed;
}

TEST(PrivateKey, SignaturesVerifyHereAndOnlyForTheirData) {
  std::mt19937 random(1);
  auto ed25519 = PrivateKey::from_ed25519_seed(random_seed(random));
  auto rsa = PrivateKey::generate_rsa(3072);
  ASSERT_TRUE(ed25519);
  ASSERT_TRUE(rsa);
  using enum SignatureAlgorithm;
  for (const auto algorithm : {kEd25519, kRsaSha512, kRsaSha256, kRsaSha1, kEcdsaP256}) {
    auto& key = algorithm == kEd25519 ? *ed25519 : *rsa;
    const auto data = as_bytes("data to be signed");
    const auto signature = key.sign(algorithm, data);
    if (algorithm == kEcdsaP256) {
      ASSERT_FALSE(signature);
      EXPECT_EQ(signature.error().code, Errc::kUsage);
      continue;
    }
    ASSERT_TRUE(signature) << signature.error().detail;
    EXPECT_EQ(*find_algorithm(*signature), algorithm);
    EXPECT_TRUE(verify(key.public_key(), *signature, data));
    const auto other = verify(key.public_key(), *signature, as_bytes("other data"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::kDenied);
    for (std::size_t n = 0; n < signature->size(); ++n)
      EXPECT_FALSE(verify(key.public_key(), ByteView(*signature).first(n), data)) << n;
  }
  EXPECT_FALSE(verify(rsa->public_key(), *ed25519->sign(kEd25519, {}), {}));
}

TEST(PrivateKey, FilesOfOpensshAreReadAndSign) {
  Workshop shop;
  for (const auto* options : {"-t ed25519", "-t rsa -b 3072", "-t rsa -b 4096"}) {
    SCOPED_TRACE(options);
    shop.run("rm -f key*; ssh-keygen -q -N '' -C c -f key " + std::string(options));
    auto key = parse_private_key_file(shop.read("key"));
    ASSERT_TRUE(key) << key.error().detail;
    EXPECT_EQ(render_public_key(key->public_key(), "c") + "\n", shop.read("key.pub"));
    // sshsig: what ssh-keygen -Y verify checks (OpenSSH PROTOCOL.sshsig).
    Bytes signed_bytes;
    append(signed_bytes, as_bytes("SSHSIG"));
    for (const std::string_view part : {"file", "", "sha256"})
      append_string(signed_bytes, part);
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
    SHA256(as_bytes("hello").data(), 5, digest.data());
    append_string(signed_bytes, digest);
    const auto algorithm = key->public_key().type == KeyType::kRsa
                               ? SignatureAlgorithm::kRsaSha512
                               : SignatureAlgorithm::kEd25519;
    const auto signature = key->sign(algorithm, signed_bytes);
    ASSERT_TRUE(signature);
    Bytes envelope;
    append(envelope, as_bytes("SSHSIG"));
    append_u32(envelope, 1);
    append_string(envelope, key->public_key().blob);
    for (const std::string_view part : {"file", "", "sha256"}) append_string(envelope, part);
    append_string(envelope, *signature);
    shop.write("sig", "-----BEGIN SSH SIGNATURE-----\n" + encode_base64(envelope) +
                          "\n-----END SSH SIGNATURE-----\n");
    shop.write("allowed", "me " + render_public_key(key->public_key(), "") + "\n");
    EXPECT_NE(shop.run("printf hello | ssh-keygen -Y verify -f allowed -I me -n file -s sig", 0)
                  .find("Good \"file\" signature"),
              std::string::npos);
  }
}

TEST(PrivateKey, FilesOfOursAreReadByOpenssh) {
  std::mt19937 random(2);
  Workshop shop;
  auto ed25519 = PrivateKey::from_ed25519_seed(random_seed(random));
  auto rsa = PrivateKey::generate_rsa(3072);
  for (auto* key : {&*ed25519, &*rsa}) {
    const auto file = key->serialize_file("of ours", 0x01020304);
    shop.write("key", file.reveal());
    EXPECT_EQ(shop.run("ssh-keygen -y -f key"),
              render_public_key(key->public_key(), "of ours") + "\n");
    const auto again = parse_private_key_file(file.reveal());
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->public_key(), key->public_key());
  }
}

TEST(PrivateKey, ASecretHalfMakesTheSameKeyAgain) {
  std::mt19937 random(5);
  auto ed25519 = PrivateKey::from_ed25519_seed(random_seed(random));
  auto rsa = PrivateKey::generate_rsa(3072);
  for (auto* key : {&*ed25519, &*rsa}) {
    const auto secret = key->export_secret();
    auto again = PrivateKey::import_secret(key->public_key(), secret.view());
    ASSERT_TRUE(again) << again.error().detail;
    const auto algorithm =
        key == &*rsa ? SignatureAlgorithm::kRsaSha512 : SignatureAlgorithm::kEd25519;
    EXPECT_EQ(again->sign(algorithm, as_bytes("data")).value(),
              key->sign(algorithm, as_bytes("data")).value());
    EXPECT_EQ(as_text(again->export_secret().view()), as_text(secret.view()));
    for (std::size_t n = 0; n < secret.view().size(); ++n)
      EXPECT_FALSE(PrivateKey::import_secret(key->public_key(), secret.view().first(n))) << n;
  }
}

TEST(PrivateKey, BadFilesAreRefused) {
  Workshop shop;
  shop.run(
      "ssh-keygen -q -N 'secret words' -t ed25519 -f locked; "
      "ssh-keygen -q -N '' -C '' -t ed25519 -f key; ssh-keygen -q -N '' -t ecdsa -f curve; "
      "ssh-keygen -q -N '' -m PEM -t rsa -b 3072 -f pem");
  const auto locked = parse_private_key_file(shop.read("locked"));
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().code, Errc::kDenied);
  EXPECT_FALSE(parse_private_key_file(shop.read("curve")));
  EXPECT_FALSE(parse_private_key_file(shop.read("pem")));
  EXPECT_FALSE(parse_private_key_file(""));
  const auto good = shop.read("key");
  ASSERT_TRUE(parse_private_key_file(good));
  for (std::size_t n = 0; n + 2 < good.size(); ++n)
    EXPECT_FALSE(parse_private_key_file(good.substr(0, n))) << n;
  std::size_t refused = 0;
  for (std::size_t i = 36; i + 36 < good.size(); ++i) {
    auto bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    if (!parse_private_key_file(bad)) ++refused;
  }
  EXPECT_GT(refused, (good.size() - 72) * 98 / 100);  // all but the digits of line ends
}

}  // namespace
}  // namespace passport::wire::ssh
