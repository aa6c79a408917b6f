#include "proxy/aws_cloud.h"

#include <array>

#include "aws/target_fault.h"
#include "base/log.h"
#include "net/warm_connections.h"

namespace passport::proxy {
namespace {

constexpr std::chrono::seconds kQuiet{5};           ///< of throttling, not worth a line
constexpr std::chrono::seconds kExplainTimeout{5};  ///< DescribeInstanceInformation

/// Between the tries to open a session's first connection.
constexpr std::array<std::chrono::milliseconds, 2> kConnectDelays = {
    {std::chrono::milliseconds(200), std::chrono::milliseconds(500)}};

/// Says once, on standard error, that it takes longer than 5 s.
std::function<void()> make_throttle_notice(std::string target) {
  return [target = std::move(target), said = false,
          since = std::chrono::steady_clock::now()]() mutable {
    if (said || std::chrono::steady_clock::now() - since < kQuiet) return;
    said = true;
    log_line(target + ": aws throttles StartSession; trying again until it does not");
  };
}

}  // namespace

AwsCloud::AwsCloud(const net::asio::any_io_executor& executor, const net::Outbound& outbound,
                   const aws::Settings& settings)
    : executor_(executor),
      outbound_(outbound),
      world_(aws::make_world(executor, outbound_)),
      chain_(world_, settings),
      client_(world_, settings, chain_.source()),
      ssm_(client_),
      kms_(client_) {}

Result<std::unique_ptr<Cloud>> AwsCloud::open(const net::asio::any_io_executor& executor,
                                              const aws::SettingsChoice& choice) {
  const auto settings = aws::load_settings(aws::process_environment(), choice);
  if (!settings) return settings.error();
  const auto tls = net::TlsContext::client(settings->ca_bundle);
  if (!tls) return tls.error();
  net::Outbound outbound(*tls, settings->proxies);
  outbound.warm = std::make_shared<net::WarmConnections>();
  return std::unique_ptr<Cloud>(new AwsCloud(executor, outbound, *settings));
}

void AwsCloud::warm_up() {
  const auto& settings = client_.settings();
  const auto gateway = settings.stream_endpoint().value_or(settings.endpoint("ssmmessages"));
  for (const auto& endpoint : {settings.endpoint("ssm"), gateway})
    outbound_.warm->prepare(executor_, outbound_, endpoint);
}

net::Task<Result<void>> AwsCloud::prepare(net::Deadline deadline) {
  const auto credentials = co_await client_.credentials(deadline);
  if (!credentials) co_return credentials.error();
  co_return Result<void>();
}

net::Task<Result<aws::Session>> AwsCloud::start_session(aws::StartSessionRequest request,
                                                        net::Deadline deadline) {
  const auto target = request.target;
  auto session =
      co_await ssm_.start_session(std::move(request), deadline, make_throttle_notice(target));
  if (session) co_return std::move(*session);
  if (session.service_code() != "TargetNotConnected") co_return session.error();
  co_return co_await explain(session.error(), target);
}

net::Task<Error> AwsCloud::explain(Error failure, std::string target) {
  const auto instance =
      co_await ssm_.describe_instance(target, net::deadline_in(kExplainTimeout));
  if (!instance) co_return failure;  // not allowed to ask: the words that we have must do
  const auto fault =
      aws::find_target_fault(target, client_.settings().region, *instance, client_.now());
  co_return fault.value_or(failure);
}

net::Task<Result<Connection>> AwsCloud::open_stream(aws::Session session,
                                                    net::Deadline deadline) {
  net::asio::steady_timer timer(executor_);
  for (const auto delay : kConnectDelays) {
    auto connection = co_await connect(session, deadline);
    if (connection || connection.error().code != Errc::kUnavailable) co_return connection;
    log(LogLevel::kInfo, "cannot connect yet: {}", connection.error().detail);
    if (net::deadline_in(delay) >= deadline) co_return connection;
    timer.expires_after(delay);
    co_await timer.async_wait(net::asio::use_awaitable);
  }
  co_return co_await resume(session.session_id, false, deadline);
}

net::Task<Result<Connection>> AwsCloud::connect(aws::Session session, net::Deadline deadline) {
  const auto address = ssm_.check_stream(session);
  if (!address) co_return address.error();
  auto request = co_await ssm_.sign_stream(*address, deadline);
  if (!request) co_return request.error();
  auto websocket = co_await net::WebSocket::connect(executor_, outbound_, address->endpoint,
                                                    *std::move(request), deadline);
  if (!websocket) co_return websocket.error();
  chain_.stop_asking();     // the terminal is ssh's now
  outbound_.warm->clear();  // what was not needed
  Connection connection;
  connection.websocket = std::move(*websocket);
  connection.token = std::move(session.token);
  co_return connection;
}

net::Task<Result<Connection>> AwsCloud::resume(std::string session_id, bool renew,
                                               net::Deadline deadline) {
  if (renew) {
    const auto credentials = co_await chain_.load(aws::Renew::kYes, deadline);
    if (!credentials) co_return credentials.error();
  }
  auto session = co_await ssm_.resume_session(std::move(session_id), deadline);
  if (!session) co_return session.error();
  co_return co_await connect(std::move(*session), deadline);
}

net::Task<Result<wire::DataKey>> AwsCloud::data_key(std::string key_id,
                                                    wire::aws::EncryptionContext context,
                                                    net::Deadline deadline) {
  auto key = co_await kms_.generate_data_key(std::move(key_id), std::move(context), deadline);
  if (!key) co_return key.error();
  co_return std::move(*key);
}

net::Task<void> AwsCloud::terminate(std::string session_id, net::Deadline deadline) {
  const auto done = co_await ssm_.terminate_session(std::move(session_id), deadline);
  // It ends by itself when idle: not worth a line that the user did not ask for.
  if (!done) log(LogLevel::kInfo, "terminate failed: {}", done.error().detail);
}

/// CloudTrail has what AWS knows, and takes nothing from others.
net::Task<void> AwsCloud::report(std::string /*session_id*/, SessionReport /*report*/,
                                 net::Deadline /*deadline*/) {
  co_return;
}

}  // namespace passport::proxy
