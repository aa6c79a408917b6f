// What a call to a service came to.
#pragma once
#include <string>
#include <utility>

#include "base/result.h"

namespace passport::aws {

/// A Result that also says which error code the service gave, for callers that act on it.
template <class T>
class [[nodiscard]] Answer : public Result<T> {
 public:
  using Result<T>::Result;
  Answer(Error error, std::string service_code)
      : Result<T>(std::move(error)), service_code_(std::move(service_code)) {}

  /// AWS's code, as "TargetNotConnected"; empty when the call went well or no service answered.
  const std::string& service_code() const { return service_code_; }

  /// This failure as that of a call with another value.
  template <class U>
  Answer<U> failure() const {
    return {this->error(), service_code_};
  }

 private:
  std::string service_code_;
};

}  // namespace passport::aws
