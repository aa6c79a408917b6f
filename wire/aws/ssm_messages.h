// The calls of Systems Manager that Passport makes: request bodies and answers (JSON 1.1).
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "wire/http.h"

namespace passport::wire::aws {

struct StartSessionRequest {
  std::string target;
  std::string document_name{};  ///< empty: a shell
  std::map<std::string, std::vector<std::string>> parameters{};
  std::string reason{};  ///< empty: none
};

/// What StartSession and ResumeSession answer. The token opens one connection.
struct Session {
  std::string session_id;
  std::string stream_url;
  Secret token;
};

/// What Systems Manager knows of an instance.
struct InstanceInformation {
  std::string instance_id;
  std::string ping_status;  ///< "Online", "ConnectionLost", "Inactive"
  std::optional<std::chrono::sys_seconds> last_ping{};
  std::string agent_version;
  std::string platform_type;  ///< "Linux", "Windows", "MacOS"
  std::string platform_name;
  std::string computer_name;
  std::string name{};  ///< that a managed instance was activated with; may be empty
};

/// One page of DescribeInstanceInformation.
struct InformationPage {
  std::vector<InstanceInformation> instances;
  std::string next_token;  ///< empty: this was the last page
};
/// Instances of one such call, and of its page.
inline constexpr std::size_t kMaxInformed = 50;

/// The POST of one operation, not signed.
HttpRequest make_ssm_request(std::string_view operation, std::string body);

std::string serialize_start_session(const StartSessionRequest& request);
/// Of ResumeSession and TerminateSession.
std::string serialize_session_id(std::string_view session_id);
/// Of DescribeInstanceInformation, for at most kMaxInformed instances; from the token on.
std::string serialize_describe_instances(const std::vector<std::string>& instance_ids,
                                         std::string_view next_token);

/// Errors: kProtocol when a part is missing or the id is not of a session's shape.
Result<Session> parse_session(std::string_view body);
/// Errors: kProtocol. Entries without an id are left out.
Result<InformationPage> parse_instance_information(std::string_view body);

}  // namespace passport::wire::aws
