#include "proxy/run.h"

#include <exception>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "aws/credential_chain.h"
#include "aws/ssm.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "net/random.h"
#include "net/signals.h"
#include "proxy/explain.h"
#include "proxy/tunnel.h"

namespace passport::proxy {
namespace {

using namespace std::chrono_literals;

constexpr auto kStartTimeout = 30s;     ///< StartSession, with its retries
constexpr auto kExplainTimeout = 5s;    ///< DescribeInstanceInformation, after a failure
constexpr auto kConnectTimeout = 15s;   ///< the websocket, to its upgrade
constexpr auto kTerminateTimeout = 2s;  ///< TerminateSession, on the way out
constexpr auto kInterruptTimeout = 6s;  ///< from a signal to the exit, whatever else happens
constexpr int kSignalExit = 128;

/// The calls to AWS, with what they stand on.
struct Cloud {
  Cloud(const net::asio::any_io_executor& executor, const net::TlsContext& tls_context,
        const aws::Settings& settings)
      : tls(tls_context),
        world(aws::make_world(executor, tls)),
        chain(world, settings),
        client(world, settings, chain.source()),
        ssm(client) {}
  net::TlsContext tls;
  aws::World world;
  aws::CredentialChain chain;
  aws::ServiceClient client;
  aws::Ssm ssm;
};

/// One run of the proxy: what the story and a signal share.
class Run {
 public:
  Run(const Options& options, net::asio::io_context& context)
      : options_(options),
        executor_(context.get_executor()),
        context_(context),
        session_known_(executor_) {}

  /// From settings to the end of the session. Returns the exit status.
  net::Task<int> story();
  /// Ends the story when a signal comes; kills it when it does not end, or at a second one.
  net::Task<void> watch_signals();
  /// What a coroutine's end calls: a failure ends the run.
  std::function<void(const std::exception_ptr&)> stop_on_failure();

  int status = 0;
  std::exception_ptr first_failure;

 private:
  net::Task<Result<void>> open_cloud();
  net::Task<aws::Answer<aws::Session>> start_session();
  /// Why the target cannot be reached, asked of Systems Manager.
  net::Task<Error> explain(Error failure);
  net::Task<Result<std::unique_ptr<net::WebSocket>>> open_websocket(
      const aws::Session& session);
  net::Task<TunnelEnd> carry(const aws::Session& session);
  net::Task<void> terminate_session();
  net::Task<void> wind_up();
  net::Task<int> conclude(TunnelEnd end);

  const Options& options_;
  net::asio::any_io_executor executor_;
  net::asio::io_context& context_;
  std::optional<Cloud> cloud_;
  std::optional<wire::ssm::ClientChannel> channel_;
  net::Event session_known_;
  std::string session_id_;
  Tunnel* tunnel_ = nullptr;
  bool start_sent_ = false;  ///< there may be a session
  int signal_ = 0;
};

net::Task<Result<void>> Run::open_cloud() {
  const auto settings =
      aws::load_settings(aws::process_environment(), {options_.profile, options_.region});
  if (!settings) co_return settings.error();
  auto tls = net::TlsContext::client(settings->ca_bundle);
  if (!tls) co_return tls.error();
  cloud_.emplace(executor_, *tls, *settings);
  co_return Result<void>();
}

net::Task<aws::Answer<aws::Session>> Run::start_session() {
  aws::StartSessionRequest request{options_.target};
  request.document_name = options_.document;
  request.parameters["portNumber"] = {std::to_string(options_.port)};
  request.reason = options_.reason;
  auto session =
      co_await cloud_->ssm.start_session(std::move(request), net::deadline_in(kStartTimeout));
  if (session || session.service_code() != "TargetNotConnected") co_return session;
  co_return aws::Answer<aws::Session>(co_await explain(session.error()),
                                      session.service_code());
}

net::Task<Error> Run::explain(Error failure) {
  const auto instance = co_await cloud_->ssm.describe_instance(
      options_.target, net::deadline_in(kExplainTimeout));
  if (!instance) co_return failure;  // not allowed to ask: the words that we have must do
  co_return explain_not_connected(failure, options_.target, cloud_->client.settings().region,
                                  *instance, cloud_->client.now());
}

net::Task<Result<std::unique_ptr<net::WebSocket>>> Run::open_websocket(
    const aws::Session& session) {
  const auto address = cloud_->ssm.check_stream(session);
  if (!address) co_return address.error();
  const auto deadline = net::deadline_in(kConnectTimeout);
  auto request = co_await cloud_->ssm.sign_stream(*address, deadline);
  if (!request) co_return request.error();
  co_return co_await net::WebSocket::connect(executor_, cloud_->tls, address->endpoint,
                                             *std::move(request), deadline);
}

net::Task<TunnelEnd> Run::carry(const aws::Session& session) {
  auto websocket = co_await open_websocket(session);
  if (!websocket) co_return TunnelEnd{TunnelEnd::Cause::kFailed, websocket.error()};
  auto uuids = net::random_uuids();
  wire::ssm::ClientConfig config;
  config.token = session.token;
  config.client_id = wire::ssm::encode_uuid(uuids());
  config.payload_size = options_.payload_size;
  config.clock = net::clock_now();
  channel_.emplace(std::move(config), std::move(uuids), std::chrono::steady_clock::now());
  net::StdinReader input(executor_);
  net::StdoutWriter output(executor_);
  Tunnel tunnel(executor_, *channel_, **websocket, input, output);
  tunnel_ = &tunnel;
  if (signal_ != 0) tunnel.interrupt();
  auto end = co_await tunnel.run();
  tunnel_ = nullptr;
  co_return end;
}

net::Task<void> Run::terminate_session() {
  const auto done =
      co_await cloud_->ssm.terminate_session(session_id_, net::deadline_in(kTerminateTimeout));
  // It ends by itself when idle: not worth a line that the user did not ask for.
  if (!done) log(LogLevel::kInfo, "terminate failed: {}", done.error().detail);
}

net::Task<int> Run::conclude(TunnelEnd end) {
  if (channel_) {
    const auto c = channel_->counters();
    log(LogLevel::kInfo,
        "session ended state={} sent={} resent={} received={} duplicates={} refused={}",
        to_string(channel_->state()), c.sent, c.resent, c.received, c.duplicates, c.refused);
  }
  if (signal_ != 0) co_return kSignalExit + signal_;
  if (end.error) {
    end.error->detail = options_.target + ": " + end.error->detail;
    co_return report(*end.error);
  }
  if (end.cause != TunnelEnd::Cause::kPeer) co_return EX_OK;
  if (channel_->truncated())
    co_return report(
        {Errc::kProtocol, options_.target + ": the session ended with data missing"});
  const auto& words = channel_->service_words();
  if (words.empty()) co_return EX_OK;
  Error error{Errc::kUnavailable,
              options_.target + ": the service ended the session: " + words};
  if (words.find(kNoPortPlugin) != std::string::npos)
    error = co_await explain(std::move(error));
  co_return report(error);
}

net::Task<int> Run::story() {
  if (const auto opened = co_await open_cloud(); !opened) co_return report(opened.error());
  const auto credentials = co_await cloud_->client.credentials(net::deadline_in(kStartTimeout));
  if (!credentials) co_return report(credentials.error());
  if (signal_ != 0) co_return kSignalExit + signal_;
  start_sent_ = true;
  const auto session = co_await start_session();
  if (!session) co_return report(session.error());
  session_id_ = session->session_id;
  session_known_.notify();
  log(LogLevel::kInfo, "session started id={} target={} port={}", session_id_, options_.target,
      options_.port);
  TunnelEnd end;
  std::exception_ptr failure;
  try {
    end = co_await carry(*session);
  } catch (...) {
    failure = std::current_exception();
  }
  if (end.cause != TunnelEnd::Cause::kPeer) co_await terminate_session();
  if (failure) std::rethrow_exception(failure);
  co_return co_await conclude(std::move(end));
}

net::Task<void> Run::watch_signals() {
  net::Signals signals(executor_, {SIGHUP, SIGINT, SIGTERM});
  signal_ = co_await signals.next();
  status = kSignalExit + signal_;
  net::asio::co_spawn(executor_, wind_up(), stop_on_failure());
  co_await signals.next();  // who asks twice does not want to wait
  context_.stop();
}

net::Task<void> Run::wind_up() {
  if (tunnel_ != nullptr) {
    tunnel_->interrupt();
    net::Event never(executor_);
    co_await never.wait(net::deadline_in(kInterruptTimeout));
  } else if (start_sent_) {
    // The story is in a call or a handshake: end the session that it may have started, and go.
    if (session_id_.empty()) co_await session_known_.wait(net::deadline_in(kTerminateTimeout));
    if (!session_id_.empty()) co_await terminate_session();
  }
  context_.stop();
}

std::function<void(const std::exception_ptr&)> Run::stop_on_failure() {
  return [this](const std::exception_ptr& e) {
    if (!e) return;
    if (!first_failure) first_failure = e;
    context_.stop();
  };
}

}  // namespace

int run_proxy(const Options& options) {
  net::ignore_sigpipe();
  net::asio::io_context context(1);
  Run run(options, context);
  net::asio::co_spawn(context, run.watch_signals(), run.stop_on_failure());
  net::asio::co_spawn(context, run.story(), [&](const std::exception_ptr& e, int status) {
    run.stop_on_failure()(e);
    run.status = status;
    context.stop();
  });
  context.run();
  if (run.first_failure) std::rethrow_exception(run.first_failure);
  return run.status;
}

}  // namespace passport::proxy
