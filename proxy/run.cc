#include "proxy/run.h"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

#include "aws/target_fault.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "net/clock_jump.h"
#include "net/random.h"
#include "net/signals.h"
#include "proxy/aws_cloud.h"
#include "proxy/service_cloud.h"
#include "proxy/start_gate.h"

namespace passport::proxy {
namespace {

using namespace std::chrono_literals;

/// What a coroutine's end calls: a failure ends the process.
using FailureSink = std::function<void(const std::exception_ptr&)>;

constexpr auto kCredentialsTimeout = 120s;  ///< an MFA code may have to be typed
constexpr auto kStartTimeout = 30s;         ///< StartSession, with its retries
constexpr auto kConnectTimeout = 15s;       ///< the websocket, to its upgrade
constexpr auto kKeyTimeout = 12s;           ///< GenerateDataKey; the agent waits 15 s
constexpr auto kCloseTimeout = 2s;          ///< TerminateSession and a report, on the way out
constexpr auto kInterruptTimeout = 6s;  ///< from a signal to the exit, whatever else happens
constexpr int kSignalExit = 128;
constexpr int kMostExit = 255;  ///< also of a command that a signal ended: the agent says -1

/// One session.
class Run {
 public:
  Run(SessionPlan plan, const net::asio::any_io_executor& executor, FailureSink on_failure)
      : plan_(std::move(plan)),
        executor_(executor),
        on_failure_(std::move(on_failure)),
        session_known_(executor_) {}

  /// Nothing but credentials is waited for.
  bool starts_at_once() const { return !plan_.started && plan_.start_rate == 0; }
  Result<void> make_local();
  /// From StartSession to the end of the session. Returns the exit status.
  net::Task<int> story(std::shared_ptr<Cloud> cloud);
  /// What ends now does so because of a signal (0: because another session has ended).
  void begin_end(int signal) {
    stopping_ = true;
    signal_ = signal;
  }
  /// Ends the story. When that has not ended then, it will not.
  net::Task<void> wind_up();
  /// True when the signal is meant for the session.
  bool take_signal(int signal) { return link_ != nullptr && local_->take_signal(signal); }
  /// Ends a session that another program started and that cannot be carried.
  net::Task<void> give_up(std::shared_ptr<Cloud> cloud);
  /// Asks after the connection when this machine has slept.
  void probe() {
    if (link_ != nullptr) link_->probe();
  }

 private:
  net::Task<Result<aws::Session>> start_session();
  net::Task<LinkEnd> carry(aws::Session session);
  Reconnect make_reconnect();
  KeyRequest make_key_request();
  net::Task<void> fetch_key(wire::ssm::KeyWanted wanted);
  net::Task<void> close_session(const LinkEnd& end);
  std::shared_ptr<net::Event> spawn_report(SessionReport report, net::Deadline deadline);
  net::Task<int> conclude(LinkEnd end);
  /// Another session has ended, and that was said.
  bool follows_another() const { return stopping_ && signal_ == 0; }

  SessionPlan plan_;
  net::asio::any_io_executor executor_;
  FailureSink on_failure_;
  std::unique_ptr<LocalSide> local_;
  std::shared_ptr<Cloud> cloud_;
  std::optional<wire::ssm::ClientChannel> channel_;
  net::Event session_known_;
  std::string session_id_;
  Link* link_ = nullptr;
  bool start_sent_ = false;  ///< there may be a session
  bool stopping_ = false;
  bool ended_ = false;
  int signal_ = 0;
};

/// The sessions of one process: they begin together, and when one ends so do the others.
class Runs {
 public:
  Runs(std::vector<SessionPlan> plans, net::asio::io_context& context);

  /// From settings to the end of the sessions.
  net::Task<void> story();
  /// Ends the story when a signal comes; kills it when it does not end, or at a second one.
  net::Task<void> watch_signals();
  net::Task<void> watch_clock();
  FailureSink stop_on_failure();

  int status = 0;
  std::exception_ptr first_failure;

 private:
  Result<void> make_local_sides();
  net::Task<void> give_up(std::shared_ptr<Cloud> cloud, int exit_status);
  net::Task<void> run(Run& run, std::shared_ptr<Cloud> cloud);
  bool take_signal(int signal);
  void wind_up();
  net::Task<void> wind_up(Run& run);
  void end(int exit_status);

  aws::SettingsChoice settings_;
  std::optional<ServiceChoice> service_;
  net::asio::any_io_executor executor_;
  net::asio::io_context& context_;
  net::ClockJump jump_;
  std::vector<std::unique_ptr<Run>> runs_;
  std::size_t running_ = 0;  ///< stories that have not ended
  std::size_t winding_ = 0;  ///< runs whose end is awaited
  bool ending_ = false;
  int signal_ = 0;
};

net::Task<Result<aws::Session>> Run::start_session() {
  if (plan_.started) {
    start_sent_ = true;
    co_return *plan_.started;
  }
  if (plan_.start_rate > 0) {
    StartGate gate;
    gate.rate = plan_.start_rate;
    gate.endpoint = cloud_->start_endpoint();
    const auto turn = co_await wait_for_turn(std::move(gate));
    if (!turn) co_return turn.error();
  }
  start_sent_ = true;
  co_return co_await cloud_->start_session(plan_.request, net::deadline_in(kStartTimeout));
}

Reconnect Run::make_reconnect() {
  return [this](bool renew, net::Deadline deadline) {
    return cloud_->resume(session_id_, renew, deadline);
  };
}

KeyRequest Run::make_key_request() {
  return [this](const wire::ssm::KeyWanted& wanted) {
    net::asio::co_spawn(executor_, fetch_key(wanted), on_failure_);
  };
}

/// With the key that the user named, where there is one: its region and account are then not
/// the agent's to say.
net::Task<void> Run::fetch_key(wire::ssm::KeyWanted wanted) {
  auto name = plan_.channel.expected_kms_key;
  if (name.empty()) name = std::move(wanted.key_id);
  auto context = wire::aws::make_session_context(session_id_, plan_.request.target,
                                                 std::move(wanted.challenge));
  const auto key = co_await cloud_->data_key(std::move(name), std::move(context),
                                             net::deadline_in(kKeyTimeout));
  if (link_ == nullptr) co_return;  // the session has ended meanwhile
  if (key)
    link_->provide_key(*key);
  else
    link_->end(LinkEnd::Cause::kFailed, key.error());
}

net::Task<LinkEnd> Run::carry(aws::Session session) {
  auto connection =
      co_await cloud_->open_stream(std::move(session), net::deadline_in(kConnectTimeout));
  if (!connection) co_return LinkEnd{LinkEnd::Cause::kFailed, connection.error()};
  auto uuids = net::random_uuids();
  auto config = plan_.channel;
  config.token = std::move(connection->token);
  config.client_id = wire::ssm::encode_uuid(uuids());
  config.clock = net::clock_now();
  channel_.emplace(std::move(config), std::move(uuids), std::chrono::steady_clock::now());
  Link link(executor_, *channel_, make_reconnect(), plan_.link);
  link.on_key_wanted(make_key_request());
  link_ = &link;
  if (stopping_) link.interrupt();
  auto end = co_await link.run(std::move(connection->websocket), *local_);
  link_ = nullptr;
  co_return end;
}

/// Ends it where it has not ended, and tells how it went: both at once, and within one time.
net::Task<void> Run::close_session(const LinkEnd& end) {
  const auto deadline = net::deadline_in(kCloseTimeout);
  const auto reported = spawn_report(
      make_session_report(end, signal_, channel_ ? &*channel_ : nullptr), deadline);
  if (end.cause != LinkEnd::Cause::kPeer) co_await cloud_->terminate(session_id_, deadline);
  co_await reported->wait(deadline);
}

std::shared_ptr<net::Event> Run::spawn_report(SessionReport report, net::Deadline deadline) {
  auto done = std::make_shared<net::Event>(executor_);
  net::asio::co_spawn(executor_, cloud_->report(session_id_, std::move(report), deadline),
                      [done](const std::exception_ptr&) { done->notify(); });
  return done;
}

net::Task<int> Run::conclude(LinkEnd end) {
  const auto& target = plan_.request.target;
  if (channel_) {
    const auto c = channel_->counters();
    log(LogLevel::kInfo,
        "session ended state={} sent={} resent={} received={} duplicates={} refused={}",
        to_string(channel_->state()), c.sent, c.resent, c.received, c.duplicates, c.refused);
  }
  if (signal_ != 0) co_return kSignalExit + signal_;
  if (follows_another()) co_return EX_OK;
  if (end.error) {
    end.error->detail = target + ": " + end.error->detail;
    co_return report(*end.error);
  }
  if (end.cause != LinkEnd::Cause::kPeer) co_return EX_OK;
  if (channel_->truncated())
    co_return report({Errc::kProtocol, target + ": the session ended with data missing"});
  if (const auto code = channel_->exit_code())
    co_return *code >= 0 && *code <= kMostExit ? *code : kMostExit;
  const auto& words = channel_->service_words();
  if (words.empty()) co_return EX_OK;
  Error error{Errc::kUnavailable, target + ": the service ended the session: " + words};
  if (words.find(aws::kNoPortPlugin) != std::string::npos)
    error = co_await cloud_->explain(std::move(error), target);
  co_return report(error);
}

Result<void> Run::make_local() {
  auto local = plan_.make_local(executor_);
  if (!local) return local.error();
  local_ = std::move(*local);
  return {};
}

net::Task<int> Run::story(std::shared_ptr<Cloud> cloud) {
  cloud_ = std::move(cloud);
  auto session = co_await start_session();
  ended_ = !session;
  if (!session) co_return follows_another() ? EX_OK : report(session.error());
  session_id_ = session->session_id;
  session_known_.notify();
  log(LogLevel::kInfo, "session started id={} target={}", session_id_, plan_.request.target);
  LinkEnd end;
  std::exception_ptr failure;
  try {
    end = co_await carry(std::move(*session));
  } catch (...) {
    failure = std::current_exception();
  }
  ended_ = true;
  co_await close_session(end);
  if (failure) std::rethrow_exception(failure);
  co_return co_await conclude(std::move(end));
}

net::Task<void> Run::give_up(std::shared_ptr<Cloud> cloud) {
  if (plan_.started)
    co_await cloud->terminate(plan_.started->session_id, net::deadline_in(kCloseTimeout));
}

net::Task<void> Run::wind_up() {
  if (ended_) co_return;
  if (link_ != nullptr) {
    link_->interrupt();
    net::Event never(executor_);
    co_await never.wait(net::deadline_in(kInterruptTimeout));
  } else if (start_sent_) {
    // The story is in a call or a handshake: end the session that it may have started, and go.
    if (session_id_.empty()) co_await session_known_.wait(net::deadline_in(kCloseTimeout));
    if (!session_id_.empty()) co_await close_session({LinkEnd::Cause::kLocal});
  }
}

Runs::Runs(std::vector<SessionPlan> plans, net::asio::io_context& context)
    : settings_(plans.front().settings),
      service_(plans.front().service),
      executor_(context.get_executor()),
      context_(context),
      jump_(executor_) {
  for (auto& plan : plans)
    runs_.push_back(std::make_unique<Run>(std::move(plan), executor_, stop_on_failure()));
}

Result<void> Runs::make_local_sides() {
  for (auto& run : runs_)
    if (auto made = run->make_local(); !made) return made;
  return {};
}

net::Task<void> Runs::story() {
  auto cloud = service_ ? ServiceCloud::open(executor_, *service_)
                        : AwsCloud::open(executor_, settings_);
  if (!cloud) co_return end(report(cloud.error()));
  const std::shared_ptr<Cloud> shared = std::move(*cloud);
  if (auto made = make_local_sides(); !made)
    co_return co_await give_up(shared, report(made.error()));
  if (runs_.front()->starts_at_once()) shared->warm_up();
  const auto prepared = co_await shared->prepare(net::deadline_in(kCredentialsTimeout));
  if (!prepared) co_return end(report(prepared.error()));
  if (signal_ != 0) co_return co_await give_up(shared, kSignalExit + signal_);
  running_ = runs_.size();
  for (auto& one : runs_) net::asio::co_spawn(executor_, run(*one, shared), stop_on_failure());
}

net::Task<void> Runs::give_up(std::shared_ptr<Cloud> cloud, int exit_status) {
  for (auto& one : runs_) co_await one->give_up(cloud);
  end(exit_status);
}

net::Task<void> Runs::run(Run& run, std::shared_ptr<Cloud> cloud) {
  const int ended = co_await run.story(std::move(cloud));
  --running_;
  end(ended);
}

/// The first end counts; the others follow.
void Runs::end(int exit_status) {
  if (!std::exchange(ending_, true)) {
    status = exit_status;
    if (running_ > 0) wind_up();
  }
  if (running_ == 0) context_.stop();
}

void Runs::wind_up() {
  winding_ = runs_.size();
  for (auto& one : runs_) one->begin_end(signal_);
  for (auto& one : runs_) net::asio::co_spawn(executor_, wind_up(*one), stop_on_failure());
}

net::Task<void> Runs::wind_up(Run& run) {
  co_await run.wind_up();
  if (--winding_ == 0) context_.stop();
}

bool Runs::take_signal(int signal) {
  return std::any_of(runs_.begin(), runs_.end(),
                     [&](const auto& run) { return run->take_signal(signal); });
}

net::Task<void> Runs::watch_signals() {
  net::Signals signals(executor_, {SIGHUP, SIGINT, SIGTERM});
  int signal = 0;
  do {
    signal = co_await signals.next();
  } while (take_signal(signal));
  signal_ = signal;
  ending_ = true;
  status = kSignalExit + signal_;
  wind_up();
  // Who asks twice does not want to wait. A terminal that closes and a parent that dies of it
  // both say so by SIGHUP: that is no asking.
  do {
    signal = co_await signals.next();
  } while (signal == SIGHUP);
  context_.stop();
}

net::Task<void> Runs::watch_clock() {
  for (;;) {
    const bool jumped = co_await jump_.next();
    if (!jumped) break;
    for (auto& run : runs_) run->probe();
  }
}

FailureSink Runs::stop_on_failure() {
  return [this](const std::exception_ptr& e) {
    if (!e) return;
    if (!first_failure) first_failure = e;
    context_.stop();
  };
}

}  // namespace

int run_sessions(std::vector<SessionPlan> plans) {
  net::ignore_sigpipe();
  net::asio::io_context context(1);
  Runs runs(std::move(plans), context);
  net::asio::co_spawn(context, runs.watch_signals(), runs.stop_on_failure());
  net::asio::co_spawn(context, runs.watch_clock(), runs.stop_on_failure());
  net::asio::co_spawn(context, runs.story(), runs.stop_on_failure());
  context.run();
  if (runs.first_failure) std::rethrow_exception(runs.first_failure);
  return runs.status;
}

int run_session(SessionPlan plan) {
  std::vector<SessionPlan> one;
  one.push_back(std::move(plan));
  return run_sessions(std::move(one));
}

}  // namespace passport::proxy
