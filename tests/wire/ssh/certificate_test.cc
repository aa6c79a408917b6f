// Certificates, beside ssh-keygen.
#include "wire/ssh/certificate.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/wire/ssh/keygen.h"
#include "wire/ssh/encoding.h"
#include "wire/ssh/private_key.h"

namespace passport::wire::ssh {
namespace {

constexpr std::uint64_t kNow = 1790000000;  // 2026-09-21

Bytes bytes_of(std::mt19937_64& random, std::size_t n) {
  Bytes out(n);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

PrivateKey make_ed25519(std::mt19937_64& random) {
  auto key = PrivateKey::from_ed25519_seed(bytes_of(random, 32));
  EXPECT_TRUE(key);
  return std::move(*key);
}

CertificateFields make_fields(const PublicKey& key) {
  CertificateFields fields;
  fields.key = key;
  fields.serial = 0x0123456789abcdef;
  fields.key_id = "alice@example.com request 42";
  fields.principals = {"rs-0a1b2c3d"};
  fields.valid_after = kNow;
  fields.valid_before = kNow + 3600;
  fields.extensions = {{"permit-pty"}, {"permit-port-forwarding"}};
  return fields;
}

struct AuthorityCase {
  const char* name;
  SignatureAlgorithm algorithm;
};

class IssuedBy : public testing::TestWithParam<AuthorityCase> {};

TEST_P(IssuedBy, IsReadByOpensshAndHere) {
  std::mt19937_64 random(7);
  Workshop shop;
  auto rsa = PrivateKey::generate_rsa(3072);
  auto ed25519 = make_ed25519(random);
  const bool by_rsa = GetParam().algorithm != SignatureAlgorithm::kEd25519;
  Signer& ca = by_rsa ? static_cast<Signer&>(*rsa) : ed25519;
  const auto user = make_ed25519(random);
  for (const auto type : {CertificateType::kUser, CertificateType::kHost}) {
    auto fields = make_fields(user.public_key());
    fields.type = type;
    fields.critical_options = {{"source-address", "10.0.0.0/8,127.0.0.1"}};
    const auto blob = issue_certificate(fields, bytes_of(random, 32), ca, GetParam().algorithm);
    ASSERT_TRUE(blob) << blob.error().detail;
    const auto read = parse_certificate(*blob);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->fields.principals, fields.principals);
    EXPECT_EQ(read->fields.key, fields.key);
    EXPECT_EQ(read->fields.serial, fields.serial);
    EXPECT_EQ(read->ca_algorithm, GetParam().algorithm);
    EXPECT_EQ(read->fields.extensions.front().name, "permit-port-forwarding");
    shop.write("cert.pub", render_certificate(KeyType::kEd25519, *blob, "c") + "\n");
    const auto shown = shop.run("TZ=UTC ssh-keygen -Lf cert.pub");
    for (const auto* line :
         {type == CertificateType::kUser ? "user certificate" : "host certificate",
          "Key ID: \"alice@example.com request 42\"", "Serial: 81985529216486895",
          "rs-0a1b2c3d", "Valid: from 2026-09-21T14:13:20 to 2026-09-21T15:13:20",
          "source-address 10.0.0.0/8,127.0.0.1", "permit-pty", "permit-port-forwarding"})
      EXPECT_NE(shown.find(line), std::string::npos) << line << "\n" << shown;
    EXPECT_NE(shown.find(std::string("(using ") + GetParam().name + ")"), std::string::npos)
        << shown;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Authorities, IssuedBy,
    testing::Values(AuthorityCase{"ssh-ed25519", SignatureAlgorithm::kEd25519},
                    AuthorityCase{"rsa-sha2-512", SignatureAlgorithm::kRsaSha512},
                    AuthorityCase{"rsa-sha2-256", SignatureAlgorithm::kRsaSha256},
                    AuthorityCase{"ssh-rsa", SignatureAlgorithm::kRsaSha1}),
    [](const auto& kind) {
      std::string name = kind.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(Certificate, ThoseOfOpensshAreRead) {
  Workshop shop;
  for (const auto* ca : {"-t ed25519", "-t rsa -b 3072", "-t ecdsa -b 256", "-t ecdsa -b 384"})
    for (const auto* key : {"-t ed25519", "-t rsa -b 3072", "-t ecdsa -b 256"}) {
      SCOPED_TRACE(std::string(ca) + " for " + key);
      shop.run("rm -f ca* key*; ssh-keygen -q -N '' -f ca " + std::string(ca) +
               "; ssh-keygen -q -N '' -f key " + key +
               "; ssh-keygen -q -s ca -I 'the id' -n one,two -V +1h -z 42 "
               "-O force-command=/bin/true -O clear -O permit-pty key.pub");
      const auto blob = parse_certificate_line(shop.read("key-cert.pub"));
      ASSERT_TRUE(blob) << blob.error().detail;
      const auto read = parse_certificate(*blob);
      ASSERT_TRUE(read) << read.error().detail;
      const auto& fields = read->fields;
      EXPECT_EQ(fields.key_id, "the id");
      EXPECT_EQ(fields.principals, (std::vector<std::string>{"one", "two"}));
      EXPECT_EQ(fields.serial, 42U);
      EXPECT_EQ(fields.extensions, (std::vector<CertificateOption>{{"permit-pty"}}));
      EXPECT_EQ(fields.key, *parse_public_key_line(shop.read("key.pub")));
      EXPECT_EQ(read->ca_key, *parse_public_key_line(shop.read("ca.pub")));
    }
}

TEST(Certificate, EveryPrefixAndEveryChangedByteIsRefused) {
  std::mt19937_64 random(9);
  auto ca = make_ed25519(random);
  const auto user = make_ed25519(random);
  const auto blob = issue_certificate(make_fields(user.public_key()), bytes_of(random, 32), ca,
                                      SignatureAlgorithm::kEd25519);
  ASSERT_TRUE(blob);
  for (std::size_t n = 0; n < blob->size(); ++n)
    EXPECT_FALSE(parse_certificate(ByteView(*blob).first(n))) << "prefix of " << n;
  for (std::size_t i = 0; i < blob->size(); ++i) {
    auto wrong = *blob;
    wrong[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    EXPECT_FALSE(parse_certificate(wrong)) << "byte " << i;
  }
  auto longer = *blob;
  longer.push_back(0);
  EXPECT_FALSE(parse_certificate(longer));
}

TEST(Certificate, OneWithoutPrincipalIsRefused) {
  Workshop shop;
  shop.run(
      "ssh-keygen -q -N '' -t ed25519 -f ca; ssh-keygen -q -N '' -t ed25519 -f key; "
      "ssh-keygen -q -s ca -I id key.pub");
  const auto blob = parse_certificate_line(shop.read("key-cert.pub"));
  ASSERT_TRUE(blob);
  const auto read = parse_certificate(*blob);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().detail.find("names no principal"), std::string::npos);
}

TEST(Certificate, WhatWeNeverCertifyIsRefused) {
  std::mt19937_64 random(11);
  auto ca = make_ed25519(random);
  const auto user = make_ed25519(random).public_key();
  const auto nonce = bytes_of(random, 32);
  const auto refused = [&](auto change, std::string_view words) {
    auto fields = make_fields(user);
    change(fields);
    const auto blob = issue_certificate(fields, nonce, ca, SignatureAlgorithm::kEd25519);
    ASSERT_FALSE(blob) << words;
    EXPECT_EQ(blob.error().code, Errc::kUsage);
    EXPECT_NE(blob.error().detail.find(words), std::string::npos) << blob.error().detail;
  };
  refused([](auto& f) { f.principals.clear(); }, "no principal");
  refused([](auto& f) { f.principals = {"root,admin"}; }, "root,admin");
  refused([](auto& f) { f.principals = {""}; }, "is not of a-z");
  refused([](auto& f) { f.principals = {"Root"}; }, "is not of a-z");
  refused([](auto& f) { f.principals = {"a", "b", "a"}; }, "\"a\" twice");
  refused([](auto& f) { f.principals.assign(kMaxPrincipals + 1, "a"); }, "too many");
  refused([](auto& f) { f.key_id.clear(); }, "key id");
  refused([](auto& f) { f.valid_before = f.valid_after; }, "end");
  refused([](auto& f) { f.valid_before = ~std::uint64_t{0}; }, "never comes");
  refused([](auto& f) { f.extensions.push_back({"permit-pty"}); }, "twice");
  refused([](auto& f) { f.critical_options = {{""}}; }, "without a name");
  EXPECT_FALSE(issue_certificate(make_fields(user), {}, ca, SignatureAlgorithm::kEd25519));
  EXPECT_FALSE(issue_certificate(make_fields(user), nonce, ca, SignatureAlgorithm::kRsaSha512));
}

TEST(Certificate, OptionsOutOfOrderAreRefused) {
  std::mt19937_64 random(13);
  auto ca = make_ed25519(random);
  const auto user = make_ed25519(random);
  const auto good = issue_certificate(make_fields(user.public_key()), bytes_of(random, 32), ca,
                                      SignatureAlgorithm::kEd25519);
  ASSERT_TRUE(good);
  // permit-port-forwarding before permit-pty becomes permit-qort-forwarding before permit-pty's
  // place, and the certificate is signed again, so that nothing but the order is wrong.
  auto text = std::string(as_text(*good));
  const auto at = text.find("permit-port");
  ASSERT_NE(at, std::string::npos);
  text[at + 7] = 'z';
  const auto cut = text.size() - (4 + 4 + 11 + 4 + 64);  // the signature at the end
  Bytes again(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(cut));
  append_string(again, *ca.sign(SignatureAlgorithm::kEd25519, again));
  const auto read = parse_certificate(again);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().detail.find("out of order"), std::string::npos) << read.error().detail;
}

}  // namespace
}  // namespace passport::wire::ssh
