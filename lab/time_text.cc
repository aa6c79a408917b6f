#include "lab/time_text.h"

#include <ctime>

namespace passport::lab {
namespace {

std::string format(std::int64_t unix_s, const char* how) {
  const std::time_t t = unix_s;
  std::tm parts{};
  gmtime_r(&t, &parts);
  char out[32];
  const auto n = std::strftime(out, sizeof out, how, &parts);
  return {out, n};
}

}  // namespace

std::string format_iso_time(std::int64_t unix_s) {
  return format(unix_s, "%Y-%m-%dT%H:%M:%SZ");
}
std::string format_amz_date(std::int64_t unix_s) {
  return format(unix_s, "%Y%m%dT%H%M%SZ");
}

}  // namespace passport::lab
