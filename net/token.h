// One private key on a PKCS#11 token (an HSM, a smart card, softhsm2), and the session in which
// it is used.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace passport::net {

/// Calls block for as long as the token's module takes: PKCS#11 knows no deadline. A session
/// that is lost is opened again, once a call. Not thread-safe.
class Token {
 public:
  /// The one private key that `uri` names (RFC 7512). Its `module-path` is the module to load,
  /// its `pin-source` the file whose first line is the PIN. Errors: kConfig: an unusable URI,
  /// module or PIN file, or more than one such key; kNotFound; kDenied: the PIN; kUnavailable.
  static Result<std::unique_ptr<Token>> open(const std::string& uri);
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  ~Token();

  /// An attribute of the private key or, where that has none, of the public key of its id.
  /// Errors: kNotFound.
  Result<Bytes> read(CK_ATTRIBUTE_TYPE type) const;

  /// Errors: kUnavailable; kDenied: the PIN, which once refused is not tried again.
  Result<Bytes> sign(CK_MECHANISM_TYPE mechanism, ByteView data);

 private:
  struct FreeUri {
    void operator()(P11KitUri* uri) const { p11_kit_uri_free(uri); }
  };
  struct FreeModule {
    void operator()(CK_FUNCTION_LIST* module) const;
  };
  using Handles = std::vector<CK_OBJECT_HANDLE>;

  Token() = default;
  Result<void> parse(const std::string& uri);
  Result<void> load();
  Result<void> connect();
  Result<CK_SLOT_ID> find_slot() const;
  Result<void> log_in();
  Result<void> find_keys();
  Result<Handles> find(std::vector<CK_ATTRIBUTE> attributes) const;
  CK_RV try_to_sign(CK_MECHANISM_TYPE mechanism, ByteView data, Bytes& signature) const;

  std::unique_ptr<P11KitUri, FreeUri> uri_;
  std::optional<Secret> pin_;
  bool pin_refused_ = false;
  std::unique_ptr<CK_FUNCTION_LIST, FreeModule> module_;
  CK_SESSION_HANDLE session_ = CK_INVALID_HANDLE;
  Handles keys_;  ///< the private one and, if the token shows it, its public half
};

}  // namespace passport::net
