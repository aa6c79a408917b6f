// The one place that turns an Errc into a tool's exit status (sysexits(3) values).
#pragma once
#include <sysexits.h>

#include "base/result.h"

namespace passport {

constexpr int exit_code(Errc code) {
  switch (code) {
    case Errc::kUsage:
      return EX_USAGE;
    case Errc::kMalformed:
    case Errc::kTooLarge:
    case Errc::kIncomplete:
      return EX_DATAERR;
    case Errc::kNotFound:
    case Errc::kUnavailable:
      return EX_UNAVAILABLE;
    case Errc::kTimeout:
    case Errc::kThrottled:
    case Errc::kConflict:
      return EX_TEMPFAIL;
    case Errc::kProtocol:
      return EX_PROTOCOL;
    case Errc::kDenied:
    case Errc::kExpired:
      return EX_NOPERM;
    case Errc::kConfig:
      return EX_CONFIG;
    case Errc::kInternal:
      break;
  }
  return EX_SOFTWARE;
}

}  // namespace passport
