// Result<T>: a value or an Error. Stand-in for std::expected, which libstdc++ 12
// ships only under -std=c++23; same spellings, so the alias can be swapped later.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace passport {

/// What went wrong, in the terms a caller can act on. Add a code only when some
/// caller must branch on it; otherwise put the words in Error::detail.
/// base/exit_code.h maps each to the exit status of a tool.
enum class Errc {
  kIncomplete,   ///< more input is needed; not a failure while streaming
  kUsage,        ///< the command line cannot be used
  kMalformed,    ///< bytes contradict the format
  kTooLarge,     ///< a length exceeds the limit the format or we set
  kProtocol,     ///< the peer broke the protocol
  kDenied,       ///< credentials or policy refuse the operation
  kExpired,      ///< credentials or a token were good once
  kNotFound,     ///< the thing named does not exist, here or at all
  kUnavailable,  ///< peer, network or file is not there now
  kTimeout,      ///< a deadline passed
  kThrottled,    ///< the service asks us to come back later
  kConflict,     ///< it contradicts what is there: somebody was first, or it is over
  kConfig,       ///< settings cannot be used
  kInternal,     ///< a bug in us
};

struct Error {
  Errc code;
  std::string detail;  ///< lower case, no full stop, no secrets; names the field or path
  std::string hint{};  ///< what the user can do about it; may be empty
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() { return std::get<0>(state_); }
  const T& value() const { return std::get<0>(state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace passport
