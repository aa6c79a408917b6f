#include "lab/instance_ports.h"

#include <map>

#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include "net/event.h"

namespace passport::lab {
namespace asio = net::asio;

struct InstancePorts::State {
  struct Waiting {
    explicit Waiting(const asio::any_io_executor& executor) : answered(executor) {}
    net::Event answered;
    std::optional<InstanceAnswer> answer;
  };

  State(const asio::any_io_executor& executor, Instance& i)
      : instance(&i), control(executor, ::dup(i.control_fd())) {}

  void take_answers();
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
      for (auto& [id, w] : waiting) w->answered.notify();
      return;
    }
    if (!*answer) return;
    const auto it = waiting.find((*answer)->id);
    if (it == waiting.end()) continue;  // waited too long; its connection closes here
    it->second->answer = std::move(**answer);
    it->second->answered.notify();
  }
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

net::Task<Result<Fd>> InstancePorts::connect(unsigned short port) {
  const auto state = state_;
  const auto gone = Error{Errc::kUnavailable, "the instance is gone"};
  if (!state->instance) co_return gone;
  const auto id = state->instance->request_connect(port);
  if (!id) co_return id.error();
  const auto waiting = std::make_shared<State::Waiting>(state->control.get_executor());
  state->waiting.emplace(*id, waiting);
  state->take_answers();
  // The instance answers within kConnectDeadline by itself.
  if (!waiting->answer) {
    co_await waiting->answered.wait(
        net::deadline_in(kConnectDeadline + std::chrono::seconds(1)));
  }
  state->waiting.erase(*id);
  if (!waiting->answer) {
    if (!state->instance) co_return gone;
    co_return Error{Errc::kTimeout, fmt::format("port {}: no answer from the instance", port)};
  }
  if (waiting->answer->error != 0) {
    co_return Error{Errc::kUnavailable,
                    fmt::format("port {}: {}", port, errno_text(waiting->answer->error))};
  }
  co_return std::move(waiting->answer->fd);
}

}  // namespace passport::lab
