#include "proxy/chosen_side.h"

namespace passport::proxy {

using State = wire::ssm::ClientChannel::State;

void ChosenSide::start(Link& link) {
  link_ = &link;
  link.spawn(wait_for_opening());
}

net::Task<void> ChosenSide::wait_for_opening() {
  const auto& channel = link_->channel();
  while (!link_->stopped()) {
    if (!channel.session_type().empty()) break;
    if (channel.state() == State::kClosed) {
      link_->end(LinkEnd::Cause::kPeer);
      co_return;
    }
    co_await link_->incoming().wait();
  }
  if (link_->stopped()) co_return;
  auto side = choose_(channel);
  if (!side) co_return link_->end(LinkEnd::Cause::kFailed, side.error());
  side_ = std::move(*side);
  side_->start(*link_);
  link_->room().notify();  // nobody has waited for it until now
  link_->incoming().notify();
  link_->check_soon();
}

bool ChosenSide::has_output() const {
  return side_ && side_->has_output();
}

void ChosenSide::stop() {
  if (side_) side_->stop();
}

bool ChosenSide::take_signal(int signal) {
  return side_ && side_->take_signal(signal);
}

void ChosenSide::on_timer(net::Deadline now) {
  if (side_) side_->on_timer(now);
}

net::Deadline ChosenSide::next_deadline(net::Deadline now) const {
  return side_ ? side_->next_deadline(now) : net::Deadline::max();
}

}  // namespace passport::proxy
