#include "lab/instance_ports.h"

#include <csignal>
#include <deque>
#include <map>

#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include "net/event.h"

namespace passport::lab {
namespace asio = net::asio;

struct InstancePorts::Waiting {
  explicit Waiting(const asio::any_io_executor& executor) : answered(executor) {}

  /// Until there are `n` answers; the instance gives them within kConnectDeadline by itself.
  net::Task<bool> wait_for(std::size_t n, net::Deadline deadline) {
    while (answers.size() < n && !gone && std::chrono::steady_clock::now() < deadline)
      co_await answered.wait(deadline);
    co_return answers.size() >= n;
  }

  net::Event answered;
  std::deque<InstanceAnswer> answers;
  bool gone = false;  ///< the instance
};

struct InstancePorts::State {
  State(const asio::any_io_executor& executor, Instance& i)
      : instance(&i), control(executor, ::dup(i.control_fd())) {}

  void take_answers();
  std::shared_ptr<Waiting> await_answers(std::uint32_t id);
  static net::Task<void> read_answers(std::shared_ptr<State> self);

  Instance* instance;  // null once it is gone
  asio::posix::stream_descriptor control;
  std::map<std::uint32_t, std::shared_ptr<Waiting>> waiting;
};

void InstancePorts::State::take_answers() {
  while (instance) {
    auto answer = instance->read_answer();
    if (!answer) {  // gone: whoever waits is told so
      instance = nullptr;
      for (auto& [id, w] : waiting) {
        w->gone = true;
        w->answered.notify();
      }
      return;
    }
    if (!*answer) return;
    const auto it = waiting.find((*answer)->id);
    if (it == waiting.end()) continue;  // waited too long; its connection closes here
    it->second->answers.push_back(std::move(**answer));
    it->second->answered.notify();
  }
}

std::shared_ptr<InstancePorts::Waiting> InstancePorts::State::await_answers(std::uint32_t id) {
  const auto made = std::make_shared<Waiting>(control.get_executor());
  waiting.emplace(id, made);
  take_answers();
  return made;
}

net::Task<void> InstancePorts::State::read_answers(std::shared_ptr<State> self) {
  boost::system::error_code error;
  while (self->instance && !error) {
    co_await self->control.async_wait(asio::posix::stream_descriptor::wait_read,
                                      asio::redirect_error(asio::use_awaitable, error));
    if (!error) self->take_answers();
  }
}

InstancePorts::InstancePorts(const asio::any_io_executor& executor, Instance& instance)
    : state_(std::make_shared<State>(executor, instance)) {
  asio::co_spawn(executor, State::read_answers(state_), asio::detached);
}

InstancePorts::~InstancePorts() {
  state_->instance = nullptr;
  boost::system::error_code ignored;
  state_->control.close(ignored);
}

namespace {

constexpr std::chrono::seconds kAnswerDeadline = kConnectDeadline + std::chrono::seconds(1);

Error gone() {
  return {Errc::kUnavailable, "the instance is gone"};
}

}  // namespace

net::Task<Result<Fd>> InstancePorts::connect(unsigned short port) {
  const auto state = state_;
  if (!state->instance) co_return gone();
  const auto id = state->instance->request_connect(port);
  if (!id) co_return id.error();
  const auto waiting = state->await_answers(*id);
  const bool answered = co_await waiting->wait_for(1, net::deadline_in(kAnswerDeadline));
  state->waiting.erase(*id);
  if (!answered) {
    if (waiting->gone) co_return gone();
    co_return Error{Errc::kTimeout, fmt::format("port {}: no answer from the instance", port)};
  }
  auto& answer = waiting->answers.front();
  if (answer.error != 0) {
    co_return Error{Errc::kUnavailable,
                    fmt::format("port {}: {}", port, errno_text(answer.error))};
  }
  co_return std::move(answer.fd);
}

net::Task<Result<RunOutcome>> InstancePorts::run(std::string script,
                                                 std::chrono::milliseconds deadline) {
  const auto state = state_;
  if (!state->instance) co_return gone();
  const auto id = state->instance->request_run(std::move(script), deadline);
  if (!id) co_return id.error();
  const auto waiting = state->await_answers(*id);
  const bool answered =
      co_await waiting->wait_for(1, net::deadline_in(deadline + kAnswerDeadline));
  state->waiting.erase(*id);
  if (!answered) co_return waiting->gone ? gone() : Error{Errc::kTimeout, "script: no answer"};
  auto& answer = waiting->answers.front();
  if (answer.error != 0)
    co_return Error{Errc::kUnavailable, "script: " + errno_text(answer.error)};
  co_return std::move(answer.run);
}

struct ShellProcess::Impl {
  Impl(std::shared_ptr<InstancePorts::State> of, std::uint32_t request,
       std::shared_ptr<InstancePorts::Waiting> answers)
      : state(std::move(of)), id(request), waiting(std::move(answers)) {}

  std::shared_ptr<InstancePorts::State> state;
  std::uint32_t id;
  std::shared_ptr<InstancePorts::Waiting> waiting;  ///< for the exit status
};

net::Task<Result<std::shared_ptr<ShellProcess>>> InstancePorts::start_shell(
    std::uint32_t flags, std::string command) {
  const auto state = state_;
  if (!state->instance) co_return gone();
  const auto id = state->instance->request_shell(flags, std::move(command));
  if (!id) co_return id.error();
  const auto waiting = state->await_answers(*id);
  const std::shared_ptr<ShellProcess> shell(
      new ShellProcess(std::make_unique<ShellProcess::Impl>(state, *id, waiting)));
  const bool apart = (flags & kShellSeparateErrors) != 0;
  for (auto* fd : {&shell->output, &shell->errors}) {
    if (fd == &shell->errors && !apart) break;
    const bool answered = co_await waiting->wait_for(1, net::deadline_in(kAnswerDeadline));
    if (!answered) co_return waiting->gone ? gone() : Error{Errc::kTimeout, "shell: no answer"};
    auto answer = std::move(waiting->answers.front());
    waiting->answers.pop_front();
    if (answer.error != 0)
      co_return Error{Errc::kUnavailable, "shell: " + errno_text(answer.error)};
    *fd = std::move(answer.fd);
  }
  co_return shell;
}

ShellProcess::ShellProcess(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ShellProcess::~ShellProcess() {
  signal(SIGKILL);
  impl_->state->waiting.erase(impl_->id);
}

void ShellProcess::signal(int signal) {
  if (impl_->state->instance == nullptr || !impl_->waiting->answers.empty()) return;
  // One that is gone needs no signal.
  (void)impl_->state->instance->signal_shell(impl_->id, signal).has_value();
}

net::Task<std::optional<int>> ShellProcess::wait(net::Deadline deadline) {
  const auto waiting = impl_->waiting;
  const bool ended = co_await waiting->wait_for(1, deadline);
  if (!ended) co_return std::nullopt;
  co_return waiting->answers.front().run.exit_status;
}

}  // namespace passport::lab
