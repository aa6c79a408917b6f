// Many certificates of random requests: what is issued is what was asked for, and OpenSSH reads
// it so.
#include <cstdlib>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/rand.h>

#include "tests/wire/ssh/keygen.h"
#include "wire/ssh/certificate.h"
#include "wire/ssh/private_key.h"

namespace passport::wire::ssh {
namespace {

constexpr int kShort = 2000;    // how many, unless PASSPORT_CERTIFICATES says
constexpr int kSampleOf = 100;  // one in so many goes to ssh-keygen
constexpr std::uint64_t kNow = 1790000000;

class Requests {
 public:
  explicit Requests(unsigned seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::string principal() {
    static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
    std::string out(1 + below(31), 'a');
    for (auto& c : out) c = kLetters[below(kLetters.size())];
    return out;
  }
  CertificateFields next(const PublicKey& key) {
    CertificateFields out;
    out.key = key;
    RAND_bytes(reinterpret_cast<unsigned char*>(&out.serial), sizeof out.serial);
    out.key_id = principal();
    std::set<std::string> names;
    while (names.size() < 1 + below(3)) names.insert(principal());
    out.principals.assign(names.begin(), names.end());
    out.valid_after = kNow - below(60);
    out.valid_before = kNow + 1 + below(12 * 3600);
    if (below(2) == 0) out.critical_options = {{"force-command", principal()}};
    for (const auto* name : {"permit-pty", "permit-port-forwarding", "permit-user-rc"})
      if (below(2) == 0) out.extensions.push_back({name, {}});
    return out;
  }

 private:
  std::mt19937_64 random_;
};

TEST(RandomCertificates, AreWhatWasAskedFor) {
  const char* asked = std::getenv("PASSPORT_CERTIFICATES");
  const int count = asked == nullptr ? kShort : std::atoi(asked);
  const auto seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Requests requests(seed);
  auto ca = PrivateKey::from_ed25519_seed(Bytes(32, 1));
  const auto key = PrivateKey::from_ed25519_seed(Bytes(32, 2))->public_key();
  std::set<std::uint64_t> serials;
  std::string sample;
  std::vector<CertificateFields> sampled;
  for (int i = 0; i < count; ++i) {
    Bytes nonce(kNonceSize);
    RAND_bytes(nonce.data(), static_cast<int>(nonce.size()));
    const auto fields = requests.next(key);
    const auto blob = issue_certificate(fields, nonce, *ca, SignatureAlgorithm::kEd25519);
    ASSERT_TRUE(blob) << blob.error().detail;
    const auto read = parse_certificate(*blob);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->fields.principals, fields.principals);
    EXPECT_EQ(read->fields.valid_after, fields.valid_after);
    EXPECT_EQ(read->fields.valid_before, fields.valid_before);
    EXPECT_TRUE(serials.insert(read->fields.serial).second) << "a serial came twice";
    if (i % kSampleOf != 0) continue;
    sample += render_certificate(key.type, *blob, "c") + "\n";
    sampled.push_back(fields);
  }
  Workshop shop;
  shop.write("certificates", sample);
  const auto said = shop.run("TZ=UTC ssh-keygen -Lf certificates");
  std::size_t at = 0;
  for (const auto& fields : sampled) {
    std::string names;
    for (const auto& name : fields.principals) names += "                " + name + "\n";
    for (const auto& want :
         {fmt::format("Key ID: \"{}\"\n", fields.key_id),
          fmt::format("Serial: {}\n", fields.serial), "Principals: \n" + names}) {
      at = said.find(want, at);
      ASSERT_NE(at, std::string::npos) << want;
    }
  }
}

}  // namespace
}  // namespace passport::wire::ssh
