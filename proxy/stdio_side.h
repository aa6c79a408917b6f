// Standard input and output as the local side of a session.
#pragma once
#include "net/stdio.h"
#include "proxy/link.h"

namespace passport::proxy {

/// stdin's end: what was read drains, and what still comes is delivered until it has been quiet
/// for a while (kQuietAfterInput); a port has no half-close that could be passed on. Nobody
/// reads stdout any more: the session ends.
class StdioSide : public LocalSide {
 public:
  static constexpr std::chrono::milliseconds kQuietAfterInput{10000};

  explicit StdioSide(const net::asio::any_io_executor& executor, int input = 0, int output = 1,
                     std::chrono::milliseconds quiet_after_input = kQuietAfterInput);

  void start(Link& link) override;
  bool has_output() const override;
  void stop() override;
  void on_timer(net::Deadline now) override;
  net::Deadline next_deadline(net::Deadline now) const override;

 private:
  static constexpr std::size_t kReadSize = 64 << 10;  ///< bytes of stdin a read

  net::Task<void> read_input();
  net::Task<void> send(ByteView bytes);
  net::Task<void> write_output();

  net::StdinReader input_;
  net::StdoutWriter output_;
  std::chrono::milliseconds quiet_after_input_;
  Link* link_ = nullptr;
  bool writing_ = false;
  bool output_lost_ = false;  ///< nobody takes what would be written
  net::Deadline last_data_;   ///< when the stream last moved
};

}  // namespace passport::proxy
