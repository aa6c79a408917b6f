#include "client/doctor.h"

#include <exception>
#include <iostream>

#include <sys/stat.h>

#include "base/json_text.h"
#include "base/log.h"
#include "base/version.h"
#include "net/stdio.h"

namespace passport::client {
namespace {

using namespace std::chrono_literals;

using Function = net::Task<Findings> (*)(Exam& exam, net::Deadline deadline);

/// The file that the variable names, or one in ~/.aws, says something.
bool has_file(const aws::Environment& environment, std::string_view variable,
              const char* otherwise) {
  auto path = aws::find_variable(environment, variable);
  if (path.empty()) path = aws::find_variable(environment, "HOME") + "/.aws/" + otherwise;
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}

/// There is something that AWS credentials could come from, without asking anybody.
bool has_aws_keys(const aws::Environment& environment) {
  return has_file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials") ||
         has_file(environment, "AWS_CONFIG_FILE", "config") ||
         !aws::find_variable(environment, "AWS_ACCESS_KEY_ID", "AWS_PROFILE",
                             "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
                             "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                             "AWS_CONTAINER_CREDENTIALS_FULL_URI")
              .empty();
}

class List {
 public:
  explicit List(Exam& exam) : exam_(exam) {}

  List& add(std::string name, Function function, std::vector<std::string> grounds = {},
            std::vector<std::string> after = {}, std::chrono::seconds patience = 10s) {
    checks_.push_back(
        {std::move(name),
         [function, &exam = exam_](net::Deadline deadline) { return function(exam, deadline); },
         std::move(grounds), std::move(after), patience});
    return *this;
  }
  std::vector<Check> take() { return std::move(checks_); }

 private:
  Exam& exam_;
  std::vector<Check> checks_;
};

std::vector<Check> service_checks(Exam& exam) {
  const auto instances =
      std::max<std::size_t>(exam.wish.instances.size(), exam.wish.all ? 400 : 0);
  return List(exam)
      .add("configuration", check_configuration)
      .add("runtime folder", check_runtime_folder)
      .add("token file", check_token_file, {"configuration"})
      .add("ssh", check_ssh)
      .add("programs", check_programs, {}, {}, 20s)
      .add("other programs", check_optional_programs)
      .add("proxy", check_proxy, {"configuration"})
      .add("name", check_name, {"proxy"}, {}, 5s)
      .add("connection", check_connection, {"name"})
      .add("TLS", check_tls, {"connection"})
      .add("service", check_service, {"TLS"}, {}, 15s)
      .add("clock", check_clock, {"service"})
      .add("login", check_login, {"service"}, {"token file"}, 15s)
      .add("requests", check_requests, {"login"}, {}, 30s)
      .add("message gateway", check_gateways, {"configuration"}, {"requests"}, 20s)
      .add("agent", check_agent, {"programs"}, {"requests"})
      .add("ssh_config", check_ssh_config, {"ssh"}, {"requests"})
      .add("instances", check_instances, {"requests", "ssh", "programs"},
           {"agent", "ssh_config"}, 60s * (1 + instances))
      .take();
}

std::vector<Check> aws_checks(Exam& exam) {
  return List(exam)
      .add("AWS settings", check_aws_settings)
      .add("ssh", check_ssh)
      .add("programs", check_programs, {}, {}, 20s)
      .add("other programs", check_optional_programs)
      .add("proxy", check_proxy, {"AWS settings"})
      .add("name", check_name, {"proxy"}, {}, 5s)
      .add("connection", check_connection, {"name"})
      .add("TLS", check_tls, {"connection"})
      .add("clock", check_aws_clock, {"TLS"}, {}, 15s)
      .add("other endpoints", check_aws_endpoints, {"AWS settings", "proxy"}, {}, 20s)
      .add("AWS keys", check_aws_keys, {"AWS settings"}, {"clock"}, 60s)
      .add("identity", check_aws_identity, {"AWS keys", "TLS"}, {}, 15s)
      .add("instances", check_aws_instances, {"AWS keys", "TLS"}, {"identity"}, 60s)
      .take();
}

}  // namespace

Findings examine(Exam& exam, const std::function<void(const Finding&)>& tell) {
  exam.environment = aws::process_environment();
  const auto settings = api::load_settings(exam.environment);
  if (settings && settings->service.url.empty() && has_aws_keys(exam.environment))
    exam.wish.aws = true;
  net::asio::io_context io(1);
  std::exception_ptr thrown;
  Findings out;
  net::asio::co_spawn(io,
                      run_checks(exam.wish.aws ? aws_checks(exam) : service_checks(exam), tell),
                      [&](std::exception_ptr e, Findings findings) {
                        thrown = std::move(e);
                        out = std::move(findings);
                        io.stop();  // what is left behind goes with it
                      });
  io.run();
  exam.account.reset();
  if (thrown) std::rethrow_exception(thrown);
  return out;
}

int run_doctor(DoctorWish wish, bool as_json, bool colour) {
  Exam exam;
  exam.wish = std::move(wish);
  const auto findings = examine(exam, [&](const Finding& finding) {
    if (!as_json) std::cout << render_finding(finding, colour) << std::flush;
  });
  if (as_json) {
    auto answer = describe_findings(findings);
    answer["version"] = kVersion;
    std::cout << render_json(answer) << '\n';
  }
  const auto printed = net::flush_output();
  return printed ? status_of(findings) : report(printed.error());
}

}  // namespace passport::client
