// What the doctor's checks share: what is wanted, and what those before found out.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/access.h"
#include "api/settings.h"
#include "aws/settings.h"
#include "client/checkup.h"
#include "net/outbound.h"

namespace passport::client {

struct DoctorWish {
  std::vector<std::string> instances{};
  bool all = false;  ///< all that there is access to
  bool aws = false;  ///< by credentials of AWS's rather than a passportd
  aws::SettingsChoice choice{};
};

/// Calls to AWS as passport-proxy makes them.
struct AwsAccount;

/// Outlives the checks.
struct Exam {
  DoctorWish wish{};
  aws::Environment environment{};

  // check_configuration(), or check_aws_settings()
  api::Settings settings{};
  std::optional<aws::Settings> aws{};
  std::optional<net::Outbound> outbound{};
  wire::Endpoint endpoint{};  ///< of passportd, or of Systems Manager

  // check_token_file()
  bool has_token = false;

  // check_service()
  std::string date{};  ///< its header; and when it came
  std::chrono::sys_seconds date_came{};

  // check_requests()
  std::optional<std::vector<json::object>> requests{};
  std::optional<std::vector<api::Access>> accesses{};  ///< those that are active

  // check_aws_keys(); goes before the loop does
  std::shared_ptr<AwsAccount> account{};

  // For the bundle: what other programs said, and names of people and machines.
  std::map<std::string, std::string> versions{};
  std::string held{};                                        ///< passport-agent list --json
  std::string status{};                                      ///< passport-agent status --json
  std::string units{};                                       ///< systemctl show
  std::vector<std::pair<std::string, std::string>> names{};  ///< kind and name
};

// Of this machine.
net::Task<Findings> check_configuration(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_runtime_folder(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_token_file(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_ssh(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_programs(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_optional_programs(Exam& exam, net::Deadline deadline);

// Of the way to `endpoint`, and of what is there.
net::Task<Findings> check_proxy(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_name(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_connection(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_tls(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_service(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_clock(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_login(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_requests(Exam& exam, net::Deadline deadline);
/// Those of the regions of `accesses`, or of the one that is configured.
net::Task<Findings> check_gateways(Exam& exam, net::Deadline deadline);

// Of what passport-ssh-config makes of it.
net::Task<Findings> check_agent(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_ssh_config(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_instances(Exam& exam, net::Deadline deadline);

// By the user's own AWS credentials.
net::Task<Findings> check_aws_settings(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_aws_endpoints(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_aws_clock(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_aws_keys(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_aws_identity(Exam& exam, net::Deadline deadline);
net::Task<Findings> check_aws_instances(Exam& exam, net::Deadline deadline);

/// One endpoint, all steps at once: "reached in 12 ms".
net::Task<Finding> check_endpoint(net::Outbound outbound, wire::Endpoint endpoint,
                                  net::Deadline deadline);

}  // namespace passport::client
