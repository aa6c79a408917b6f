#include "net/token.h"

#include <algorithm>
#include <array>
#include <fstream>

#include <p11-kit/p11-kit.h>

namespace passport::net {
namespace {

constexpr CK_ULONG kMaxFound = 16;
constexpr CK_ULONG kMaxAttribute = 64 << 10;  ///< bytes
constexpr CK_ULONG kMaxSignature = 2048;      ///< bytes: RSA of 16,384 bits
constexpr std::size_t kMaxPin = 1024;         ///< bytes

std::string why(CK_RV status) {
  return p11_kit_strerror(status);
}

/// PIN files are named by path or by a file URI (RFC 7512 section 2.4).
Result<Secret> read_pin(std::string path) {
  if (path.starts_with("file:")) path.erase(0, 5);
  std::ifstream file(path);
  std::array<char, kMaxPin> line{};
  file.getline(line.data(), line.size());
  Secret pin{std::string(line.data())};
  ::explicit_bzero(line.data(), line.size());
  if (!file || pin.empty())
    return Error{Errc::kConfig, "PKCS#11: no PIN can be read from " + path};
  return pin;
}

/// Whether opening the session again may help.
bool is_lost(CK_RV status) {
  static constexpr std::array<CK_RV, 8> kLost = {
      {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_USER_NOT_LOGGED_IN,
       CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT, CKR_OBJECT_HANDLE_INVALID,
       CKR_KEY_HANDLE_INVALID, CKR_DEVICE_ERROR}};
  return std::find(kLost.begin(), kLost.end(), status) != kLost.end();
}

bool is_pin_refusal(CK_RV status) {
  return status == CKR_PIN_INCORRECT || status == CKR_PIN_LOCKED || status == CKR_PIN_EXPIRED ||
         status == CKR_PIN_INVALID || status == CKR_PIN_LEN_RANGE;
}

}  // namespace

void Token::FreeModule::operator()(CK_FUNCTION_LIST* module) const {
  p11_kit_module_finalize(module);
  p11_kit_module_release(module);
}

Result<std::unique_ptr<Token>> Token::open(const std::string& uri) {
  std::unique_ptr<Token> token(new Token);
  if (auto done = token->parse(uri); !done) return done.error();
  if (auto done = token->load(); !done) return done.error();
  if (auto done = token->connect(); !done) return done.error();
  return token;
}

Token::~Token() {
  if (session_ != CK_INVALID_HANDLE) module_->C_CloseSession(session_);
}

Result<void> Token::parse(const std::string& uri) {
  uri_.reset(p11_kit_uri_new());
  if (p11_kit_uri_parse(uri.c_str(), P11_KIT_URI_FOR_ANY, uri_.get()) != P11_KIT_URI_OK ||
      p11_kit_uri_any_unrecognized(uri_.get()) != 0)
    return Error{Errc::kConfig, "PKCS#11: not a URI of RFC 7512"};
  if (p11_kit_uri_get_pin_value(uri_.get()) != nullptr)
    return Error{Errc::kConfig, "PKCS#11: the PIN stands in the URI",
                 "name a file that holds it, of mode 0600: pin-source=/path"};
  if (p11_kit_uri_get_module_path(uri_.get()) == nullptr)
    return Error{Errc::kConfig, "PKCS#11: the URI names no module",
                 "add module-path=/path/of/the/module.so after its ?"};
  const auto* source = p11_kit_uri_get_pin_source(uri_.get());
  if (source == nullptr) return {};
  auto pin = read_pin(source);
  if (!pin) return pin.error();
  pin_ = std::move(*pin);
  return {};
}

Result<void> Token::load() {
  const std::string path = p11_kit_uri_get_module_path(uri_.get());
  p11_kit_be_quiet();  // it would write to stderr
  auto* module = p11_kit_module_load(path.c_str(), 0);
  if (module == nullptr)
    return Error{Errc::kConfig, "PKCS#11: " + path + " cannot be loaded as a module"};
  if (const auto status = p11_kit_module_initialize(module); status != CKR_OK) {
    p11_kit_module_release(module);
    return Error{Errc::kConfig, "PKCS#11: " + path + ": " + why(status)};
  }
  module_.reset(module);
  return {};
}

Result<void> Token::connect() {
  if (session_ != CK_INVALID_HANDLE) module_->C_CloseSession(session_);
  session_ = CK_INVALID_HANDLE;
  const auto slot = find_slot();
  if (!slot) return slot.error();
  const auto status =
      module_->C_OpenSession(*slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session_);
  if (status != CKR_OK) {
    session_ = CK_INVALID_HANDLE;
    return Error{Errc::kUnavailable, "PKCS#11: no session: " + why(status)};
  }
  if (auto done = log_in(); !done) return done;
  return find_keys();
}

Result<CK_SLOT_ID> Token::find_slot() const {
  std::array<CK_SLOT_ID, 64> slots{};
  CK_ULONG count = slots.size();
  if (const auto status = module_->C_GetSlotList(CK_TRUE, slots.data(), &count);
      status != CKR_OK)
    return Error{Errc::kUnavailable, "PKCS#11: no list of slots: " + why(status)};
  std::vector<CK_SLOT_ID> fitting;
  for (std::size_t i = 0; i < std::min<std::size_t>(count, slots.size()); ++i) {
    CK_TOKEN_INFO info{};
    if (module_->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
        (info.flags & CKF_TOKEN_INITIALIZED) != 0 &&
        p11_kit_uri_match_token_info(uri_.get(), &info) == 1)
      fitting.push_back(slots[i]);
  }
  if (fitting.empty()) return Error{Errc::kNotFound, "PKCS#11: no token is as the URI says"};
  if (fitting.size() > 1)
    return Error{Errc::kConfig, "PKCS#11: more than one token is as the URI says",
                 "name the one that is meant: token=LABEL or serial=NUMBER"};
  return fitting.front();
}

Result<void> Token::log_in() {
  if (!pin_) return {};
  if (pin_refused_) return Error{Errc::kDenied, "PKCS#11: the token has refused the PIN"};
  const auto words = pin_->reveal();
  std::vector<CK_UTF8CHAR> pin(words.begin(), words.end());
  const auto status = module_->C_Login(session_, CKU_USER, pin.data(), pin.size());
  ::explicit_bzero(pin.data(), pin.size());
  if (status == CKR_OK || status == CKR_USER_ALREADY_LOGGED_IN) return {};
  pin_refused_ = is_pin_refusal(status);  // some lock themselves after three wrong ones
  return Error{pin_refused_ ? Errc::kDenied : Errc::kUnavailable,
               "PKCS#11: no login: " + why(status)};
}

Result<Token::Handles> Token::find(std::vector<CK_ATTRIBUTE> attributes) const {
  auto status = module_->C_FindObjectsInit(session_, attributes.data(), attributes.size());
  Handles found(kMaxFound);
  CK_ULONG count = 0;
  if (status == CKR_OK) {
    status = module_->C_FindObjects(session_, found.data(), kMaxFound, &count);
    module_->C_FindObjectsFinal(session_);
  }
  if (status != CKR_OK)
    return Error{Errc::kUnavailable, "PKCS#11: no search for keys: " + why(status)};
  found.resize(count);
  return found;
}

Result<void> Token::find_keys() {
  CK_OBJECT_CLASS is_private = CKO_PRIVATE_KEY;
  CK_OBJECT_CLASS is_public = CKO_PUBLIC_KEY;
  std::vector<CK_ATTRIBUTE> wanted = {{CKA_CLASS, &is_private, sizeof(is_private)}};
  for (const auto type : {CKA_LABEL, CKA_ID})
    if (const auto* attribute = p11_kit_uri_get_attribute(uri_.get(), type))
      wanted.push_back(*attribute);
  auto found = find(std::move(wanted));
  if (!found) return found.error();
  if (found->empty())
    return Error{Errc::kNotFound, "PKCS#11: the token shows no such private key",
                 pin_ ? "" : "most tokens show theirs after a login only: pin-source=/path"};
  if (found->size() > 1)
    return Error{Errc::kConfig, "PKCS#11: the URI fits more than one private key",
                 "name the one that is meant: object=LABEL or id=%01"};
  keys_ = std::move(*found);
  auto id = read(CKA_ID);
  if (!id || id->empty()) return {};
  auto halves = find({{CKA_CLASS, &is_public, sizeof(is_public)},
                      {CKA_ID, id->data(), static_cast<CK_ULONG>(id->size())}});
  if (!halves) return halves.error();
  if (halves->size() == 1) keys_.push_back(halves->front());
  return {};
}

Result<Bytes> Token::read(CK_ATTRIBUTE_TYPE type) const {
  for (const auto key : keys_) {
    CK_ATTRIBUTE attribute{type, nullptr, 0};
    if (module_->C_GetAttributeValue(session_, key, &attribute, 1) != CKR_OK) continue;
    if (attribute.ulValueLen == 0 || attribute.ulValueLen > kMaxAttribute) continue;
    Bytes value(attribute.ulValueLen);
    attribute.pValue = value.data();
    if (module_->C_GetAttributeValue(session_, key, &attribute, 1) != CKR_OK) continue;
    if (attribute.ulValueLen > value.size()) continue;
    value.resize(attribute.ulValueLen);
    return value;
  }
  return Error{Errc::kNotFound, "PKCS#11: the token does not tell all of the public key",
               "store the public key on it too, under the private key's id"};
}

CK_RV Token::try_to_sign(CK_MECHANISM_TYPE mechanism, ByteView data, Bytes& signature) const {
  CK_MECHANISM how{mechanism, nullptr, 0};
  if (const auto status = module_->C_SignInit(session_, &how, keys_.front()); status != CKR_OK)
    return status;
  Bytes in(data.begin(), data.end());  // which the module may not change, and could
  CK_ULONG size = kMaxSignature;
  signature.resize(size);
  const auto status = module_->C_Sign(session_, in.data(), in.size(), signature.data(), &size);
  if (status == CKR_OK) signature.resize(std::min(size, kMaxSignature));
  return status;
}

Result<Bytes> Token::sign(CK_MECHANISM_TYPE mechanism, ByteView data) {
  Bytes signature;
  auto status = session_ == CK_INVALID_HANDLE ? CKR_SESSION_CLOSED
                                              : try_to_sign(mechanism, data, signature);
  if (is_lost(status)) {
    if (auto again = connect(); !again) return again.error();
    status = try_to_sign(mechanism, data, signature);
  }
  if (status != CKR_OK)
    return Error{Errc::kUnavailable, "PKCS#11: no signature: " + why(status)};
  return signature;
}

}  // namespace passport::net
