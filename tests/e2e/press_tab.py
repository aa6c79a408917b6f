#!/usr/bin/env python3
"""press_tab.py TEXT SHELL...: types TEXT and a tab into the shell on a terminal, and prints the words that
stand on its line then, one a line. SETUP in the environment is run first."""
import os, pty, re, select, sys, time

text, shell = sys.argv[1], sys.argv[2:]
pid, master = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", PS1="$ ", PROMPT="$ ")
    os.execvp(shell[0], shell)
end = time.monotonic() + 60
seen = b""


def read_until(pattern):
    global seen
    while not (found := re.search(pattern, seen, re.S)):
        left = end - time.monotonic()
        if left <= 0 or not select.select([master], [], [], left)[0]:
            sys.exit(f"{shell[0]} did not say {pattern}, but {seen!r}")
        seen += os.read(master, 65536)
    seen = seen[found.end():]
    return found


# The marks are made up by the shell, so that the echo of what is typed does not bear them.
os.write(master, b"%s; printf 'rea%%s' dy\n" % os.environ["SETUP"].encode())
read_until(rb"ready")
# To the beginning of the line with ctrl-A: what stands there becomes words of printf.
os.write(master, text.encode() + b"\t\x01printf '<<%s>>\\n' beg'in' \x05 e'nd'\n")
words = read_until(rb"<<begin>>\r?\n(.*?)<<end>>").group(1)
print("\n".join(re.findall(r"<<(.*?)>>\r?\n", words.decode(), re.S)))
os.close(master)
os.waitpid(pid, 0)
