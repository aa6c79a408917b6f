// Where the lines of the log go, for a process whose standard error is not the place.
#pragma once
#include <string_view>

namespace passport {

/// Takes each line, with what ends it, in place of standard error. Call before threads.
using LogWriter = void (*)(std::string_view line);
void set_log_writer(LogWriter writer);

}  // namespace passport
