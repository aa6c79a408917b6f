// A call of passportd's API by somebody who wishes it ill: the line of the request, then the
// body.
#include <cstdlib>

#include "service/access_request.h"
#include "service/routes.h"
#include "tests/fuzz/target.h"
#include "wire/aws/identifiers.h"

using namespace passport;
using namespace passport::service;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(ByteView(data, size));
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  const auto space = std::min(line.find(' '), line.size());
  const auto found =
      find_route(line.substr(0, space), line.substr(std::min(space + 1, line.size())));
  if (found) {
    if (found->route == nullptr) std::abort();
    if (!found->request.empty() && !is_request_id(found->request)) std::abort();
    if (!found->session.empty() && !wire::aws::is_session_id(found->session)) std::abort();
  }
  const auto body = parse_json_object(text.substr(std::min(end + 1, text.size())), "body");
  if (!body) return 0;
  const auto wanted = parse_new_request(*body);
  if (!wanted) {
    if (wanted.error().code != Errc::kUsage) std::abort();
    return 0;
  }
  if (wanted->instances.empty() || wanted->instances.size() > kMaxInstances ||
      wanted->reason.empty() || wanted->reason.size() > kMaxReason ||
      wanted->ticket.size() > kMaxTicket || wanted->duration < kLeastDuration ||
      wanted->duration > kLongestDuration)
    std::abort();
  for (const auto& instance : wanted->instances)
    if (!wire::aws::is_instance_id(instance)) std::abort();
  return 0;
}
