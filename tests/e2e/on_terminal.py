"""on_terminal.py ANSWER COMMAND...: runs COMMAND on a terminal of its own and types ANSWER, a line or ^C, when
it is asked for an MFA code. Prints what the terminal shows. Fails when what is typed would be shown."""
import os
import pty
import select
import sys
import termios
import time

answer = b"\x03" if sys.argv[1] == "^C" else sys.argv[1].encode() + b"\n"
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])

seen = b""
answered = False
end = time.monotonic() + 60
while time.monotonic() < end:
    if not select.select([terminal], [], [], 0.1)[0]:
        continue
    try:
        piece = os.read(terminal, 4096)
    except OSError:  # nobody has the terminal open any more
        break
    if not piece:
        break
    seen += piece
    if b"MFA code for" in seen and seen.rstrip(b" ").endswith(b":") and not answered:
        answered = True
        if termios.tcgetattr(terminal)[3] & termios.ECHO:
            sys.exit("on_terminal: the code would be shown")
        os.write(terminal, answer)
else:
    os.kill(pid, 9)
    sys.exit("on_terminal: no end")
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
