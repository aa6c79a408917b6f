#include "lab/control_socket.h"

#include <chrono>

#include "lab/fault_control.h"
#include "lab/summary.h"
#include "net/line_socket.h"

namespace passport::lab {
namespace {

constexpr std::chrono::seconds kPatience{10};

}  // namespace

Result<std::string> ask_lab(const std::string& state_dir, std::string question) {
  auto answer = net::ask_line(state_dir + "/" + kControlFile, std::move(question),
                              kMaxControlLine, kPatience);
  if (answer) return answer;
  if (answer.error().code == Errc::kNotFound)
    return Error{Errc::kUnavailable, "not up", "passport-lab up"};
  return Error{Errc::kTimeout, "the lab does not answer"};
}

}  // namespace passport::lab
