// passport-lab fault: the other end of the control socket.
#include <cstring>
#include <iostream>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/exit_code.h"
#include "base/json.h"
#include "base/log.h"
#include "lab/control_server.h"
#include "lab/fault_control.h"
#include "lab/iam_policy.h"
#include "lab/options.h"
#include "lab/state_dir.h"
#include "lab/summary.h"

namespace passport::lab {
namespace {

constexpr timeval kAnswerDeadline{10, 0};

Error not_up() {
  return {Errc::kUnavailable, "not up", "passport-lab up"};
}

Result<Fd> connect_to(const std::string& path) {
  const auto address = make_socket_address(path);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.path.empty() || address.path.size() >= sizeof name.sun_path) return not_up();
  std::memcpy(name.sun_path, address.path.c_str(), address.path.size() + 1);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (const int way : {SO_RCVTIMEO, SO_SNDTIMEO})
    ::setsockopt(fd.get(), SOL_SOCKET, way, &kAnswerDeadline, sizeof kAnswerDeadline);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) !=
      0)  // NOLINT
    return not_up();
  return fd;
}

Result<std::string> exchange_lines(int fd, std::string line) {
  const Error silent{Errc::kTimeout, "the lab does not answer"};
  line += '\n';
  for (std::string_view rest = line; !rest.empty();) {
    const auto n = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n <= 0) return silent;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  std::string answer;
  char buffer[4096];
  while (answer.empty() || answer.back() != '\n') {
    const auto n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0 || answer.size() > kMaxControlLine) return silent;
    answer.append(buffer, static_cast<std::size_t>(n));
  }
  return answer;
}

/// The words of the command line; everything in them is checked before the lab is asked.
Result<FaultRequest> make_request(const FaultWords& words) {
  if (words.empty()) return Error{Errc::kUsage, "want NAME=VALUE, show or clear"};
  if (words.size() == 1 && words[0] == "show") return FaultRequest{};
  if (words.size() == 1 && words[0] == "clear") return FaultRequest{FaultRequest::Kind::kClear};
  FaultRequest request{FaultRequest::Kind::kSet};
  LabFaults checked;
  for (const auto& word : words) {
    auto value = parse_assignment(word);
    if (!value) return value.error();
    value = load_policy_file(std::move(*value));
    if (!value) return value.error();
    if (auto set = set_fault(checked, value->name, value->value); !set) return set.error();
    request.values.push_back(std::move(*value));
  }
  return request;
}

void print(const std::vector<NamedValue>& faults, bool as_json) {
  json::object object;
  for (const auto& [name, value] : faults) {
    if (as_json) {
      object[name] = value;
    } else {
      std::cout << name << ' ' << value << '\n';
    }
  }
  if (as_json) std::cout << json::serialize(object) << '\n';
  std::cout << std::flush;
}

}  // namespace

Result<NamedValue> load_policy_file(NamedValue value) {
  const auto colon = value.value.rfind(':');
  if (value.name != "policy" || colon == std::string::npos || colon + 1 == value.value.size())
    return value;
  const auto text = load_file(value.value.substr(colon + 1));
  if (!text) return text.error();
  value.value.replace(colon + 1, std::string::npos, *text);
  return value;
}

int run_fault(const LabOptions& options, const FaultWords& words) {
  const auto request = make_request(words);
  if (!request) return report(request.error());
  const auto fd = connect_to(options.state_dir + "/" + kControlFile);
  if (!fd) return report(fd.error());
  const auto line = exchange_lines(fd->get(), serialize_fault_request(*request));
  if (!line) return report(line.error());
  const auto answer = parse_fault_answer(*line);
  if (!answer) return report(answer.error());
  if (answer->error) return report(*answer->error);
  print(answer->faults, options.json);
  return EX_OK;
}

}  // namespace passport::lab
