#!/usr/bin/env python3
"""Runs a program on a terminal of its own and drives it.

usage: terminal.py STEP... -- COMMAND...

  wait:TEXT        until the program has written TEXT (after what earlier waits found)
  send:TEXT        keys; both with escapes as \\x03
  size:COLSxROWS   of the terminal, from here on
  kill:N:SIGNAL    to the N-th generation of processes: 0 is COMMAND itself
  raw, sane        until the terminal's mode is raw, or what it was at the start

What the program writes goes to standard output; then come "status N" (negative: a signal) and
"mode sane" or "mode raw". Exits with 1, and says where, when a step takes longer than LIMIT seconds.
"""
import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time

LIMIT = 60


def unescape(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


class Terminal:
    def __init__(self, command):
        self.master, self.slave = os.openpty()  # the slave stays open: its mode can be asked
        self.original = termios.tcgetattr(self.slave)
        self.size("80x24")
        self.unread = b""
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for descriptor in (0, 1, 2):
                os.dup2(self.slave, descriptor)
            os.closerange(3, 64)
            os.execvp(command[0], command)

    def read(self, timeout):
        """False when there is nothing to come."""
        if not select.select([self.master], [], [], timeout)[0]:
            return False
        data = os.read(self.master, 65536)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        self.unread += data
        if b"\x1b[6n" in data:  # where the cursor is, a terminal says when it is asked
            os.write(self.master, b"\x1b[1;1R")
        return True

    def until(self, true, what):
        end = time.monotonic() + LIMIT
        while not true():
            if time.monotonic() > end:
                sys.exit(f"\nterminal.py: {what}: not within {LIMIT} s")
            self.read(0.02)

    def wait(self, text):
        text = unescape(text)
        self.until(lambda: text in self.unread, f"wait:{text}")
        self.unread = self.unread[self.unread.index(text) + len(text):]

    def send(self, text):
        os.write(self.master, unescape(text))

    def size(self, size):
        cols, rows = map(int, size.split("x"))
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def kill(self, how):
        generation, name = how.split(":")
        pid = self.pid
        for _ in range(int(generation)):
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                pid = int(children.read().split()[0])
        os.kill(pid, signal.Signals["SIG" + name])

    def is_sane(self):
        return termios.tcgetattr(self.slave) == self.original

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def finish(self):
        """Reads on until the program has ended; its status."""
        ended = []

        def over():
            if not ended:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    ended.append(os.waitstatus_to_exitcode(status))
            return ended

        self.until(over, "the end")
        while self.read(0.1):
            pass
        return ended[0]


def main():
    split = sys.argv.index("--")
    terminal = Terminal(sys.argv[split + 1:])
    for step in sys.argv[1:split]:
        name, _, value = step.partition(":")
        if name == "raw":
            terminal.until(terminal.is_raw, step)
        elif name == "sane":
            terminal.until(terminal.is_sane, step)
        else:
            {"wait": terminal.wait, "send": terminal.send, "size": terminal.size,
             "kill": terminal.kill}[name](value)
    status = terminal.finish()
    print(f"\nstatus {status}\nmode {'sane' if terminal.is_sane() else 'raw'}")


main()
