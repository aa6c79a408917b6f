#include "net/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace passport::net {

void forbid_core_dumps() {
  const rlimit none{0, 0};
  // Neither fails for the values given; where a sandbox forbids them, the tool still works.
  (void)::setrlimit(RLIMIT_CORE, &none);
  (void)::prctl(PR_SET_DUMPABLE, 0);
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

void end_with_parent(int signal) {
  (void)::prctl(PR_SET_PDEATHSIG, signal);
}

}  // namespace passport::net
