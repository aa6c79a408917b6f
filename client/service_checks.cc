// The doctor's checks of the way to a service, and of what it says.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "api/own_requests.h"
#include "base/duration.h"
#include "base/text.h"
#include "client/exam.h"
#include "client/judge.h"
#include "client/redact.h"
#include "net/http_client.h"
#include "net/probe.h"
#include "net/resolve.h"
#include "wire/aws/time.h"

namespace passport::client {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::days;

constexpr std::chrono::milliseconds kSlow{2000};  ///< worth a warning
constexpr days kCertificateWarning{14};
constexpr const char* kWrongAddress =
    "is the address right, is there a way to it (VPN, firewall), and does it listen?";

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::int64_t unix_now() {
  return now().time_since_epoch().count();
}

std::int64_t ms_since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
}

/// ok(), or a warning because of the time that it took.
Finding judge_time(std::string detail, Clock::time_point begin) {
  const auto ms = ms_since(begin);
  detail += fmt::format(" in {} ms", ms);
  return ms < kSlow.count() ? ok(std::move(detail)) : warn(detail + ": that is slow");
}

Result<const wire::Proxy*> proxy_of(const Exam& exam) {
  return exam.outbound->proxies->find(exam.endpoint);
}

std::string date_of(std::chrono::sys_seconds time) {
  return wire::aws::encode_iso8601(time);
}

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "nothing" : out;
}

/// What is wrong with the certificate, and what to do; `authorities`: how to name whom to
/// trust.
Finding judge_certificate(const net::TlsPeer& peer, std::string_view authorities) {
  using Trust = net::TlsPeer::Trust;
  const auto bad = [&](std::string detail, std::string remedy) {
    return fail(Errc::kUnavailable, fmt::format("certificate of {}: {}", peer.subject, detail),
                std::move(remedy));
  };
  const char* clock = "renew it at the server; or is this machine's clock wrong?";
  switch (peer.trust) {
    case Trust::kGood:
      break;
    case Trust::kUnknownIssuer:
      return bad(fmt::format("{}; it was issued by {}", peer.problem, peer.issuer),
                 fmt::format("trust who issued it: {}", authorities));
    case Trust::kOtherName:
      return bad(fmt::format("{}; it is for {}", peer.problem, list(peer.names)),
                 "use one of the names that it is for, or have it issued for this one");
    case Trust::kOver:
      return bad("it ended on " + date_of(peer.valid_until), clock);
    case Trust::kNotYet:
      return bad("it begins on " + date_of(peer.valid_from), clock);
    case Trust::kUnusable:
      return bad(peer.problem, "have the server's certificate looked at");
  }
  const auto left = peer.valid_until - now();
  auto detail = fmt::format("{}, issued by {}, for {}", peer.subject, peer.issuer,
                            describe_duration(left));
  return left < kCertificateWarning
             ? warn(std::move(detail), "have the server's certificate renewed soon")
             : ok(std::move(detail));
}

constexpr const char* kServiceTrust = "`ca` in passport.conf, or PASSPORT_CA, names a file";
constexpr const char* kAwsTrust = "ca_bundle of the profile, or AWS_CA_BUNDLE, names a file";

net::Task<Result<wire::HttpResponse>> get(net::HttpClient& client, const Exam& exam,
                                          std::string path, net::Deadline deadline) {
  wire::HttpRequest request;
  request.target = exam.endpoint.path + path;
  return client.send(exam.endpoint, std::move(request), deadline);
}

}  // namespace

net::Task<Findings> check_proxy(Exam& exam, net::Deadline /*deadline*/) {
  const auto proxy = proxy_of(exam);
  if (!proxy) co_return Findings{fail(proxy.error())};
  std::string set;
  for (const std::string_view name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
    if (const auto value = exam.environment(name); value && !value->empty())
      set += fmt::format("{}{}={}", set.empty() ? "" : ", ", name, describe_proxy(*value));
  for (const std::string_view name : {"no_proxy", "NO_PROXY"})
    if (const auto value = exam.environment(name); value && !value->empty())
      set += fmt::format("{}{}={}", set.empty() ? "" : ", ", name, *value);
  if (*proxy != nullptr) exam.names.emplace_back("host", (*proxy)->endpoint.host);
  const auto way = *proxy == nullptr ? "direct to " + exam.endpoint.host
                                     : fmt::format("{} by way of {}", exam.endpoint.host,
                                                   (*proxy)->endpoint.authority());
  co_return Findings{ok(way + (set.empty() ? "" : " (" + set + ")"))};
}

net::Task<Findings> check_name(Exam& exam, net::Deadline deadline) {
  const auto proxy = proxy_of(exam);
  const auto& to = proxy && *proxy != nullptr ? (*proxy)->endpoint : exam.endpoint;
  const auto begin = Clock::now();
  auto resolving = net::resolve(to.host, to.port, deadline);
  const auto found = co_await std::move(resolving);
  if (!found)
    co_return Findings{fail(found.error(),
                            "is the name right, and does this machine's name "
                            "service (VPN, /etc/resolv.conf) know it?")};
  std::vector<std::string> addresses;
  for (const auto& address : *found) addresses.push_back(address.address().to_string());
  if (addresses.size() == 1 && addresses[0] == to.host)
    co_return Findings{ok(to.host + " is an address")};
  co_return Findings{judge_time(fmt::format("{} is {}", to.host, list(addresses)), begin)};
}

net::Task<Findings> check_connection(Exam& exam, net::Deadline deadline) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto begin = Clock::now();
  auto probing = net::probe_route(executor, *exam.outbound, exam.endpoint, deadline);
  const auto connected = co_await std::move(probing);
  const auto proxy = proxy_of(exam);
  const bool proxied = proxy && *proxy != nullptr;
  if (!connected)
    co_return Findings{fail(
        connected.error(),
        proxied ? "is the proxy right, and should NO_PROXY name " + exam.endpoint.host + "?"
                : kWrongAddress)};
  co_return Findings{judge_time(exam.endpoint.authority() + " answers", begin)};
}

net::Task<Findings> check_tls(Exam& exam, net::Deadline deadline) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto probing = net::probe_tls(executor, *exam.outbound, exam.endpoint, deadline);
  const auto peer = co_await std::move(probing);
  if (!peer)
    co_return Findings{fail(peer.error(), "is it passportd that answers at this address?")};
  for (const auto& name : peer->names) exam.names.emplace_back("host", name);
  for (const auto& name : {peer->subject, peer->issuer}) exam.names.emplace_back("name", name);
  co_return Findings{judge_certificate(*peer, exam.wish.aws ? kAwsTrust : kServiceTrust)};
}

net::Task<Findings> check_service(Exam& exam, net::Deadline deadline) {
  net::HttpClient client(co_await net::asio::this_coro::executor, *exam.outbound);
  auto asking = get(client, exam, "/healthz", deadline);
  const auto health = co_await std::move(asking);
  if (!health) co_return Findings{fail(health.error())};
  if (health->status != 200)
    co_return Findings{fail(Errc::kProtocol,
                            fmt::format("it answers {} to /healthz: no passportd, or one "
                                        "behind something else",
                                        health->status),
                            "is the address right, with its path?")};
  const auto begin = Clock::now();  // the connection is there: this is the way and back
  auto again = get(client, exam, "/readyz", deadline);
  const auto ready = co_await std::move(again);
  if (!ready) co_return Findings{fail(ready.error())};
  exam.date = wire::find_header(ready->headers, "Date");
  exam.date_came = now();
  if (ready->status != 200)
    co_return Findings{fail(Errc::kUnavailable,
                            fmt::format("it lives and cannot work (status {})", ready->status),
                            "tell who runs it: its log says why")};
  co_return Findings{judge_time("ready,", begin)};
}

net::Task<Findings> check_clock(Exam& exam, net::Deadline /*deadline*/) {
  const auto date = wire::aws::decode_http_date(exam.date);
  if (!date) co_return Findings{skip("the service does not tell the time")};
  co_return Findings{
      judge_clock(*date, exam.date_came, exam.wish.aws ? "AWS's" : "the service's")};
}

net::Task<Findings> check_login(Exam& exam, net::Deadline deadline) {
  if (!exam.has_token) co_return Findings{skip("needs a token")};
  const auto executor = co_await net::asio::this_coro::executor;
  auto service = api::ServiceClient::open(executor, exam.settings.service, exam.aws->proxies);
  if (!service) co_return Findings{fail(service.error())};
  auto asking = service->call("GET", "/v1/token", {}, deadline);
  const auto who = co_await std::move(asking);
  if (!who) co_return Findings{fail(who.error(), "log in again: passport auth login")};
  exam.names.emplace_back("person", find_string(*who, "user"));
  const auto* groups = find_array(*who, "groups");
  for (const auto& group : groups != nullptr ? *groups : json::array())
    if (const auto* name = group.if_string()) exam.names.emplace_back("group", *name);
  co_return Findings{judge_login(*who, unix_now())};
}

net::Task<Findings> check_requests(Exam& exam, net::Deadline /*deadline*/) {
  const auto executor = co_await net::asio::this_coro::executor;
  auto service = api::ServiceClient::open(executor, exam.settings.service, exam.aws->proxies);
  if (!service) co_return Findings{fail(service.error())};
  auto loading = api::load_own_requests(*service);
  auto requests = co_await std::move(loading);
  if (!requests) co_return Findings{fail(requests.error())};
  exam.requests = std::move(*requests);
  std::vector<api::Access> accesses;
  for (const auto& request : *exam.requests) {
    if (find_string(request, "state") != "active") continue;
    auto access = api::parse_access(request);
    if (!access) co_return Findings{fail(access.error())};
    accesses.push_back(std::move(*access));
  }
  exam.accesses = std::move(accesses);
  co_return judge_requests(*exam.requests, unix_now());
}

net::Task<Findings> check_gateways(Exam& exam, net::Deadline deadline) {
  std::set<std::string> regions;
  for (const auto& access : exam.accesses.value_or(std::vector<api::Access>()))
    if (!access.region.empty()) regions.insert(access.region);
  if (regions.empty() && !exam.settings.region.empty()) regions.insert(exam.settings.region);
  if (regions.empty()) co_return Findings{skip("no region is known yet")};
  const auto tls = net::TlsContext::client(exam.aws->ca_bundle);
  if (!tls) co_return Findings{fail(tls.error())};
  Findings findings;
  for (const auto& region : regions) {
    const auto settings = aws::load_settings(exam.environment, {"", region, ""});
    if (!settings) co_return Findings{fail(settings.error())};
    auto checking = check_endpoint(
        net::Outbound(*tls, settings->proxies),
        settings->stream_endpoint().value_or(settings->endpoint("ssmmessages")), deadline);
    findings.push_back(co_await std::move(checking));
  }
  co_return findings;
}

net::Task<Finding> check_endpoint(net::Outbound outbound, wire::Endpoint endpoint,
                                  net::Deadline deadline) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto begin = Clock::now();
  auto probing = net::probe_tls(executor, outbound, endpoint, deadline);
  const auto peer = co_await std::move(probing);
  if (!peer)
    co_return fail(peer.error(),
                   fmt::format("this machine, or its proxy, has to reach {} on port {}",
                               endpoint.host, endpoint.port));
  auto finding = judge_certificate(*peer, kAwsTrust);
  co_return finding.outcome == Outcome::kOk
      ? judge_time(endpoint.authority() + " reached", begin)
      : finding;
}

}  // namespace passport::client
