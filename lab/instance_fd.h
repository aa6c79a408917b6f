// net/fd.h by the lab's names.
#pragma once
#include "net/fd.h"

namespace passport::lab {

using net::errno_text;
using net::Fd;

}  // namespace passport::lab
