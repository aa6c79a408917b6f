// A local side that is chosen once the session has told what it is.
#pragma once
#include <functional>
#include <memory>

#include "proxy/link.h"

namespace passport::proxy {

class ChosenSide : public LocalSide {
 public:
  using Choose =
      std::function<Result<std::unique_ptr<LocalSide>>(const wire::ssm::ClientChannel&)>;

  explicit ChosenSide(Choose choose) : choose_(std::move(choose)) {}

  void start(Link& link) override;
  bool has_output() const override;
  void stop() override;
  bool take_signal(int signal) override;
  void on_timer(net::Deadline now) override;
  net::Deadline next_deadline(net::Deadline now) const override;

 private:
  net::Task<void> wait_for_opening();

  Choose choose_;
  std::unique_ptr<LocalSide> side_;  ///< null until the session is open
  Link* link_ = nullptr;
};

}  // namespace passport::proxy
