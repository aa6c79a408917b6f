// The doctor's checks of what passport-proxy does by the user's own AWS credentials.
#include <fmt/format.h>

#include "aws/credential_chain.h"
#include "aws/service_client.h"
#include "aws/ssm.h"
#include "aws/sts.h"
#include "aws/target_fault.h"
#include "base/duration.h"
#include "client/exam.h"
#include "client/request_text.h"

namespace passport::client {

struct AwsAccount {
  AwsAccount(const net::asio::any_io_executor& executor, const Exam& exam)
      : world(aws::make_world(executor, *exam.outbound)),
        chain(world, *exam.aws),
        client(world, *exam.aws, chain.source()) {}

  aws::World world;
  aws::CredentialChain chain;
  aws::ServiceClient client;
};

namespace {

constexpr std::int64_t kSoon = 600;  ///< seconds to the credentials' end

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

Finding named(std::string what, Finding finding) {
  finding.what = std::move(what);
  return finding;
}

Finding judge_keys(const aws::Credentials& found) {
  auto detail = "from " + found.source;
  if (!found.expires) return ok(std::move(detail));
  const auto left = (*found.expires - now()).count();
  detail += ", for " + render_time_left(left);
  return left < kSoon ? warn(std::move(detail), "renew them soon") : ok(std::move(detail));
}

Finding judge_target(const aws::InstanceInformation& instance, std::chrono::sys_seconds when) {
  auto detail = fmt::format("online, agent {}", instance.agent_version);
  if (!instance.platform_name.empty()) detail += ", " + instance.platform_name;
  if (instance.last_ping)
    detail +=
        fmt::format(", last heard of {} ago", describe_duration(when - *instance.last_ping));
  return ok(std::move(detail));
}

}  // namespace

net::Task<Findings> check_aws_settings(Exam& exam, net::Deadline /*deadline*/) {
  auto settings = aws::load_settings(exam.environment, exam.wish.choice);
  if (!settings) co_return Findings{fail(settings.error())};
  const auto tls = net::TlsContext::client(settings->ca_bundle);
  if (!tls) co_return Findings{fail(tls.error())};
  settings->max_attempts = 1;  // a check tells what it met
  exam.outbound.emplace(*tls, settings->proxies);
  exam.endpoint = settings->endpoint("ssm");
  exam.aws = std::move(*settings);
  co_return Findings{
      ok(fmt::format("profile \"{}\", region {}", exam.aws->profile, exam.aws->region))};
}

net::Task<Findings> check_aws_endpoints(Exam& exam, net::Deadline deadline) {
  const auto& settings = *exam.aws;
  const std::vector<std::pair<const char*, wire::Endpoint>> endpoints = {
      {"message gateway",
       settings.stream_endpoint().value_or(settings.endpoint("ssmmessages"))},
      {"STS", settings.endpoint("sts")}};
  Findings findings;
  for (const auto& [name, endpoint] : endpoints) {
    auto checking = check_endpoint(*exam.outbound, endpoint, deadline);
    findings.push_back(named(name, co_await std::move(checking)));
  }
  co_return findings;
}

net::Task<Findings> check_aws_clock(Exam& exam, net::Deadline deadline) {
  const auto world = aws::make_world(co_await net::asio::this_coro::executor, *exam.outbound);
  auto asking = world.send(exam.endpoint, {}, deadline);
  const auto answer = co_await std::move(asking);
  if (!answer) co_return Findings{fail(answer.error())};
  exam.date = wire::find_header(answer->headers, "Date");
  exam.date_came = now();
  auto judging = check_clock(exam, deadline);
  co_return co_await std::move(judging);
}

net::Task<Findings> check_aws_keys(Exam& exam, net::Deadline deadline) {
  const auto account =
      std::make_shared<AwsAccount>(co_await net::asio::this_coro::executor, exam);
  exam.account = account;
  auto loading = account->chain.load(aws::Renew::kNo, deadline);
  const auto found = co_await std::move(loading);
  co_return Findings{found ? judge_keys(*found) : fail(found.error())};
}

net::Task<Findings> check_aws_identity(Exam& exam, net::Deadline deadline) {
  const auto account = exam.account;
  aws::Sts sts(account->client);
  auto asking = sts.get_caller_identity(deadline);
  const auto identity = co_await std::move(asking);
  if (!identity) co_return Findings{fail(identity.error())};
  exam.names.emplace_back("person", identity->arn.substr(identity->arn.rfind('/') + 1));
  co_return Findings{ok(identity->arn)};
}

net::Task<Findings> check_aws_instances(Exam& exam, net::Deadline deadline) {
  const auto account = exam.account;
  aws::Ssm ssm(account->client);
  Findings findings;
  for (const auto& instance : exam.wish.instances) {
    auto asking = ssm.describe_instance(instance, deadline);
    const auto known = co_await std::move(asking);
    const auto name = "instance " + instance;
    if (!known) {
      findings.push_back(named(name, fail(known.error())));
      continue;
    }
    auto fault =
        aws::find_target_fault(instance, exam.aws->region, *known, account->client.now());
    if (fault && fault->detail.starts_with(instance + ": "))
      fault->detail.erase(0, instance.size() + 2);
    findings.push_back(
        named(name, fault ? fail(*fault) : judge_target(**known, account->client.now())));
  }
  co_return findings;
}

}  // namespace passport::client
