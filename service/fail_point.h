// Places at which tests kill the service, to see what is left.
#pragma once

namespace passport::service {

#ifdef PASSPORT_FAIL_POINTS
/// Ends the process by SIGKILL when PASSPORT_FAIL_POINT says so: "NAME" at the first passing
/// of that place, "NAME:N" at its Nth, ":N" at the Nth passing of any.
void fail_point(const char* name);
#else
inline void fail_point(const char* /*name*/) {}
#endif

}  // namespace passport::service
