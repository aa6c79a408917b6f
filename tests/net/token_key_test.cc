// Keys on a token of softhsm2, whose certificates OpenSSH judges.
#include "net/token_key.h"

#include <array>
#include <tuple>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>

#include "tests/wire/ssh/keygen.h"
#include "wire/ssh/certificate.h"

namespace passport::net {
namespace {

using wire::ssh::SignatureAlgorithm;

constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";

/// A token "ca" with PIN 1234, which has no key yet.
class TokenKeys : public testing::Test {
 protected:
  TokenKeys() {
    std::filesystem::create_directory(shop.path("tokens"));
    shop.write("softhsm2.conf", "directories.tokendir = " + shop.path("tokens") + "\n");
    shop.write("pin", "1234\n");
    ::setenv("SOFTHSM2_CONF", shop.path("softhsm2.conf").c_str(), 1);
    shop.run("softhsm2-util --init-token --free --label ca --so-pin 12345678 --pin 1234");
  }
  ~TokenKeys() override { ::unsetenv("SOFTHSM2_CONF"); }

  void generate(const std::string& name, const std::string& how) {
    shop.run("openssl genpkey -quiet -out " + name + ".pem " + how);
  }
  void import(const std::string& file, const std::string& label, const std::string& more = "") {
    shop.run("softhsm2-util --import " + file + ".pem --token ca --pin 1234 --label " + label +
             more);
  }
  std::string uri(const std::string& path = "token=ca", const std::string& pin = "pin") const {
    return "pkcs11:" + path + "?module-path=" + kModule + "&pin-source=" + shop.path(pin);
  }
  /// What opening or signing fails with; "" when it does not.
  static std::pair<Errc, std::string> failure(const std::string& uri) {
    const auto key = TokenKey::open(uri);
    if (key) return {Errc::kInternal, ""};
    return {key.error().code, key.error().detail};
  }

  wire::ssh::Workshop shop;
};

struct Kind {
  const char* how;  ///< to generate it
  const char* id;
  SignatureAlgorithm algorithm;
  const char* words;  ///< of ssh-keygen -L
};
const std::array<Kind, 6> kKinds = {{
    {"-algorithm ED25519", "01", SignatureAlgorithm::kEd25519, "(using ssh-ed25519)"},
    {"-algorithm RSA -pkeyopt rsa_keygen_bits:3072", "02", SignatureAlgorithm::kRsaSha512,
     "(using rsa-sha2-512)"},
    {"-algorithm RSA -pkeyopt rsa_keygen_bits:3072", "03", SignatureAlgorithm::kRsaSha256,
     "(using rsa-sha2-256)"},
    {"-algorithm RSA -pkeyopt rsa_keygen_bits:3072", "04", SignatureAlgorithm::kRsaSha1,
     "(using ssh-rsa)"},
    {"-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "05", SignatureAlgorithm::kEcdsaP256,
     "(using ecdsa-sha2-nistp256)"},
    {"-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "06", SignatureAlgorithm::kEcdsaP384,
     "(using ecdsa-sha2-nistp384)"},
}};

wire::ssh::CertificateFields fields_for(const wire::ssh::PublicKey& key) {
  wire::ssh::CertificateFields fields;
  fields.key = key;
  fields.serial = 7;
  fields.key_id = "a request";
  fields.principals = {"rs-0a1b"};
  fields.valid_after = 1790000000;
  fields.valid_before = 1790003600;
  return fields;
}

TEST_F(TokenKeys, OfEachTypeBesideEachOtherIssueCertificates) {
  for (const auto& kind : kKinds) {
    const auto name = std::string("key") + kind.id;
    generate(name, kind.how);
    import(name, name, std::string(" --id ") + kind.id);
  }
  for (const auto& kind : kKinds) {
    const auto name = std::string("key") + kind.id;
    SCOPED_TRACE(kind.words);
    auto ca = TokenKey::open(uri("token=ca;object=" + name));
    ASSERT_TRUE(ca) << ca.error().detail;
    if (kind.algorithm != SignatureAlgorithm::kEd25519) {
      const auto line = shop.run("ssh-keygen -y -f " + name + ".pem");
      EXPECT_EQ(render_public_key((*ca)->public_key(), "") + "\n", line);
    }
    const Bytes nonce(wire::ssh::kNonceSize, 1);
    const auto blob =
        issue_certificate(fields_for((*ca)->public_key()), nonce, **ca, kind.algorithm);
    ASSERT_TRUE(blob) << blob.error().detail;
    EXPECT_TRUE(wire::ssh::parse_certificate(*blob));
    shop.write(name + "-cert.pub",
               render_certificate((*ca)->public_key().type, *blob, "c") + "\n");
    const auto seen = shop.run("ssh-keygen -L -f " + name + "-cert.pub");
    EXPECT_NE(seen.find(kind.words), std::string::npos) << seen;
  }
}

TEST_F(TokenKeys, AreNamedExactly) {
  generate("a", "-algorithm ED25519");
  generate("b", "-algorithm ED25519");
  import("a", "a", " --id 0a");
  import("b", "b", " --id 0b");
  EXPECT_EQ(
      failure(uri()),
      std::pair(Errc::kConfig, std::string("PKCS#11: the URI fits more than one private key")));
  EXPECT_EQ(
      failure(uri("token=ca;object=c")),
      std::pair(Errc::kNotFound, std::string("PKCS#11: the token shows no such private key")));
  EXPECT_EQ(failure(uri("token=other;object=a")).first, Errc::kNotFound);
  EXPECT_EQ(failure(uri("object=a")).second, "");  // softhsm's empty slot is passed over
  auto by_id = TokenKey::open(uri("token=ca;id=%0b"));
  auto by_label = TokenKey::open(uri("token=ca;object=b"));
  ASSERT_TRUE(by_id && by_label);
  EXPECT_EQ((*by_id)->public_key(), (*by_label)->public_key());
  EXPECT_EQ((*by_id)->sign(SignatureAlgorithm::kRsaSha512, as_bytes("x")).error().code,
            Errc::kUsage);
}

TEST_F(TokenKeys, WithoutPublicHalfAreRefused) {
  generate("a", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  import("a", "a", " --id 0a --no-public-key");
  EXPECT_EQ(failure(uri("token=ca;object=a")).first, Errc::kNotFound);
  generate("r", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  import("r", "r", " --id 0b --no-public-key");  // an RSA key tells its own
  EXPECT_EQ(failure(uri("token=ca;object=r")).second, "");
  generate("w", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521");
  import("w", "w", " --id 0c");
  EXPECT_EQ(failure(uri("token=ca;object=w")).first, Errc::kConfig);
}

TEST_F(TokenKeys, SettingsThatCannotBeUsedAreTold) {
  const std::string module = std::string("module-path=") + kModule;
  generate("a", "-algorithm ED25519");
  import("a", "a", " --id 0a");
  shop.write("wrong", "4321\n");
  shop.write("empty", "\n");
  shop.write("module.so", "no module");
  const std::vector<std::tuple<std::string, Errc, std::string>> cases = {
      {uri("token=ca", "wrong"), Errc::kDenied, "PKCS#11: no login: "},
      {uri("token=ca", "empty"), Errc::kConfig, "PKCS#11: no PIN can be read from "},
      {uri("token=ca", "missing"), Errc::kConfig, "PKCS#11: no PIN can be read from "},
      {"pkcs11:token=ca?pin-value=1234&" + module, Errc::kConfig,
       "PKCS#11: the PIN stands in the URI"},
      {"pkcs11:token=ca", Errc::kConfig, "PKCS#11: the URI names no module"},
      {"pkcs11:token=ca?" + module, Errc::kNotFound, "PKCS#11: the token shows no such"},
      {"pkcs11:colour=red?" + module, Errc::kConfig, "PKCS#11: not a URI of RFC 7512"},
      {"/etc/key", Errc::kConfig, "PKCS#11: not a URI of RFC 7512"},
      {"pkcs11:token=ca?module-path=" + shop.path("module.so"), Errc::kConfig, "PKCS#11: /"},
      {"pkcs11:token=ca?module-path=/nowhere.so", Errc::kConfig, "PKCS#11: /nowhere.so"}};
  testing::internal::CaptureStderr();
  for (const auto& [uri, code, detail] : cases) {
    const auto seen = failure(uri);
    EXPECT_EQ(seen.first, code) << uri << ": " << seen.second;
    EXPECT_TRUE(seen.second.starts_with(detail)) << uri << ": " << seen.second;
    EXPECT_EQ(seen.second.find("1234"), std::string::npos);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

/// The module as another part of the process uses it.
class Behind {
 public:
  Behind() : library_(::dlopen(kModule, RTLD_NOW | RTLD_LOCAL)) {
    using Get = CK_RV (*)(CK_FUNCTION_LIST**);
    reinterpret_cast<Get>(::dlsym(library_, "C_GetFunctionList"))(&functions_);
    CK_ULONG count = slots_.size();
    functions_->C_GetSlotList(CK_TRUE, slots_.data(), &count);
  }
  Behind(const Behind&) = delete;
  Behind& operator=(const Behind&) = delete;
  ~Behind() { ::dlclose(library_); }

  void close_sessions() { EXPECT_EQ(functions_->C_CloseAllSessions(slots_[0]), CKR_OK); }
  void destroy_keys() {
    CK_SESSION_HANDLE session = 0;
    std::array<CK_OBJECT_HANDLE, 8> found{};
    CK_ULONG count = 0;
    functions_->C_OpenSession(slots_[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                              &session);
    functions_->C_FindObjectsInit(session, nullptr, 0);
    functions_->C_FindObjects(session, found.data(), found.size(), &count);
    functions_->C_FindObjectsFinal(session);
    EXPECT_EQ(count, 2U);
    for (CK_ULONG i = 0; i < count; ++i)
      EXPECT_EQ(functions_->C_DestroyObject(session, found[i]), CKR_OK);
    functions_->C_CloseSession(session);
  }

 private:
  void* library_;
  CK_FUNCTION_LIST* functions_ = nullptr;
  std::array<CK_SLOT_ID, 8> slots_{};
};

TEST_F(TokenKeys, SignOnWhenTheirSessionIsLost) {
  generate("a", "-algorithm ED25519");
  import("a", "a", " --id 0a");
  auto key = TokenKey::open(uri("token=ca;object=a"));
  ASSERT_TRUE(key);
  Behind behind;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE((*key)->sign(SignatureAlgorithm::kEd25519, as_bytes("data")));
    behind.close_sessions();
  }
  shop.write("pin", "4321\n");  // it was read once
  EXPECT_TRUE((*key)->sign(SignatureAlgorithm::kEd25519, as_bytes("data")));
}

TEST_F(TokenKeys, ExchangedForOthersSignNothing) {
  generate("a", "-algorithm ED25519");
  generate("b", "-algorithm ED25519");
  import("a", "a", " --id 0a");
  auto key = TokenKey::open(uri("token=ca;object=a"));
  ASSERT_TRUE(key);
  Behind().destroy_keys();
  const auto gone = (*key)->sign(SignatureAlgorithm::kEd25519, as_bytes("data"));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::kNotFound);
  import("b", "a", " --id 0a");
  const auto other = (*key)->sign(SignatureAlgorithm::kEd25519, as_bytes("data"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().detail, "PKCS#11: the token's signature is not that of its key");
}

}  // namespace
}  // namespace passport::net
