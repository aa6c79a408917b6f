#include "keyagent/certificates.h"

#include <gtest/gtest.h>

#include "wire/ssh/private_key.h"

namespace passport::keyagent {
namespace {

using namespace std::chrono_literals;
using wire::ssh::CertificateFields;
using wire::ssh::CertificateType;
using wire::ssh::KeyType;
using wire::ssh::PrivateKey;
using wire::ssh::SignatureAlgorithm;

const Time kNow{1790000000s};

class Certificates : public testing::Test {
 protected:
  static PrivateKey make(std::uint8_t fill) {
    return std::move(*PrivateKey::from_ed25519_seed(Bytes(32, fill)));
  }
  std::string line(const wire::ssh::PublicKey& key, Time after, Time before,
                   SignatureAlgorithm algorithm = SignatureAlgorithm::kEd25519,
                   CertificateType type = CertificateType::kUser) {
    CertificateFields fields;
    fields.type = type;
    fields.key = key;
    fields.serial = ++serial;
    fields.key_id = "id";
    fields.principals = {"rs-0a1b"};
    fields.valid_after = static_cast<std::uint64_t>(after.time_since_epoch().count());
    fields.valid_before = static_cast<std::uint64_t>(before.time_since_epoch().count());
    auto& authority = algorithm == SignatureAlgorithm::kEd25519 ? ca : rsa_ca;
    const auto blob =
        issue_certificate(fields, Bytes(wire::ssh::kNonceSize, 7), authority, algorithm);
    EXPECT_TRUE(blob);
    return render_certificate(key.type, *blob, "comment") + "\n";
  }
  Result<std::vector<HeldCertificate>> parse(const std::string& text) {
    return parse_certificates(signer, text, kNow);
  }
  Errc refusal(const std::string& text) {
    const auto got = parse(text);
    EXPECT_FALSE(got) << text;
    return got ? Errc::kInternal : got.error().code;
  }

  PrivateKey ca = make(1);
  static PrivateKey& rsa() {
    static PrivateKey made = std::move(*PrivateKey::generate_rsa(3072));
    return made;
  }
  PrivateKey& rsa_ca = rsa();
  std::shared_ptr<wire::ssh::Signer> signer = std::make_shared<PrivateKey>(make(2));
  std::uint64_t serial = 0;
};

TEST_F(Certificates, AreReadOneALine) {
  const auto& key = signer->public_key();
  const auto first = line(key, kNow - 60s, kNow + 1h);
  const auto second = line(key, kNow - 60s, kNow + 2h);
  const auto got = parse("# two\n\n" + first + "\r\n" + second);
  ASSERT_TRUE(got) << got.error().detail;
  ASSERT_EQ(got->size(), 2U);
  EXPECT_EQ((*got)[0].certificate.fields.serial, 1U);
  EXPECT_EQ((*got)[1].certificate.fields.serial, 2U);
}

TEST_F(Certificates, ThatAreNotForThisKeyAndNowAreRefused) {
  const auto& key = signer->public_key();
  EXPECT_EQ(refusal(""), Errc::kMalformed);
  EXPECT_EQ(refusal("# nothing\n"), Errc::kMalformed);
  EXPECT_EQ(refusal("hello\n"), Errc::kMalformed);
  EXPECT_EQ(refusal(wire::ssh::render_public_key(key, "plain")), Errc::kMalformed);
  EXPECT_EQ(refusal(line(make(3).public_key(), kNow - 60s, kNow + 1h)), Errc::kDenied);
  EXPECT_EQ(refusal(line(key, kNow - 60s, kNow + 1h, SignatureAlgorithm::kEd25519,
                         CertificateType::kHost)),
            Errc::kDenied);
  EXPECT_EQ(refusal(line(key, kNow - 2h, kNow)), Errc::kExpired);
  EXPECT_EQ(refusal(line(key, kNow + kSkew + 1s, kNow + 1h)), Errc::kExpired);
  EXPECT_TRUE(parse(line(key, kNow + kSkew, kNow + 1h)));
  EXPECT_TRUE(parse(line(key, kNow - 2h, kNow + 1s)));
  std::string many;
  for (std::size_t i = 0; i <= kMaxCertificatesOfAKey; ++i)
    many += line(key, kNow - 60s, kNow + 1h);
  EXPECT_EQ(refusal(many), Errc::kTooLarge);
}

TEST_F(Certificates, AreOfferedFromTheBestToTheOldest) {
  auto rsa = std::make_shared<PrivateKey>(std::move(*PrivateKey::generate_rsa(3072)));
  const auto& key = rsa->public_key();
  auto all = parse_certificates(rsa,
                                line(key, kNow, kNow + 1h, SignatureAlgorithm::kRsaSha1) +
                                    line(key, kNow, kNow + 1h, SignatureAlgorithm::kRsaSha512),
                                kNow);
  ASSERT_TRUE(all);
  auto ed25519 = parse(line(signer->public_key(), kNow, kNow + 1h));
  all->push_back((*ed25519)[0]);
  sort_by_offer(*all);
  EXPECT_EQ((*all)[0].certificate.fields.key.type, KeyType::kEd25519);
  EXPECT_EQ((*all)[1].certificate.ca_algorithm, SignatureAlgorithm::kRsaSha512);
  EXPECT_EQ((*all)[2].certificate.ca_algorithm, SignatureAlgorithm::kRsaSha1);
}

TEST_F(Certificates, NoIdentityOutlivesItsRequestOrItsCertificate) {
  const auto got = parse(line(signer->public_key(), kNow, kNow + 1h));
  ASSERT_TRUE(got);
  EXPECT_EQ(make_identities(*got, "r", kNow + 2h, {})[0].valid_before, kNow + 1h);
  EXPECT_EQ(make_identities(*got, "r", kNow + 5min, {})[0].valid_before, kNow + 5min);
}

TEST_F(Certificates, AreRenewedInTime) {
  const auto& key = signer->public_key();
  const auto hour = parse(line(key, kNow, kNow + 1h));
  EXPECT_EQ(find_renewal(*hour, kNow + 2h), kNow + 48min);
  EXPECT_EQ(find_renewal(*hour, kNow + 1h), kNow + 1h);  // lasts long enough
  const auto brief = parse(line(key, kNow, kNow + 20s));
  EXPECT_EQ(find_renewal(*brief, kNow + 2h), kNow + 10s);
  const auto both = parse(line(key, kNow, kNow + 1h) + line(key, kNow, kNow + 30min));
  EXPECT_EQ(find_renewal(*both, kNow + 2h), kNow + 24min);
}

}  // namespace
}  // namespace passport::keyagent
