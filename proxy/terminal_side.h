// A user at a terminal, or a script, as the local side of a shell.
#pragma once
#include <string>

#include "net/signals.h"
#include "net/stdio.h"
#include "net/terminal.h"
#include "proxy/link.h"

namespace passport::proxy {

/// What the shell's terminal there needs of the one here: keys as they are typed (ctrl-C,
/// ctrl-\ and ctrl-Z among them), its size, and its mode back at the end. Input that is no
/// terminal is passed on as it comes, and its end as ctrl-D on a line of its own; signals from
/// the keyboard then go to the shell as the keys that they are. The shell's end is the
/// session's.
class TerminalSide : public LocalSide {
 public:
  /// `greeting` is written before anything else.
  TerminalSide(const net::asio::any_io_executor& executor, std::string greeting);

  void start(Link& link) override;
  bool has_output() const override;
  void stop() override;
  bool take_signal(int signal) override;

 private:
  static constexpr std::size_t kReadSize = 4096;  ///< bytes of stdin a read

  net::Task<void> read_input();
  net::Task<void> send(ByteView bytes);
  net::Task<void> end_input(bool in_line);
  net::Task<void> write_output();
  net::Task<bool> deliver(net::StdoutWriter& to, ByteView bytes);
  net::Task<void> watch_signals();
  bool is_open() const;
  bool has_input() const;
  void send_size();
  bool send_key(std::uint8_t key);
  void suspend();

  std::string greeting_;
  net::StdinReader input_;
  net::StdoutWriter output_;
  net::StdoutWriter errors_;
  net::Signals signals_;
  net::RawTerminal raw_;
  Link* link_ = nullptr;
  bool writing_ = false;
  bool output_lost_ = false;  ///< nobody takes what would be written
};

}  // namespace passport::proxy
