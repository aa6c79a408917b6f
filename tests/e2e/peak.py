#!/usr/bin/env python3
"""peak.py FILE PROGRAM ARGUMENT...: runs the program and adds its peak resident KiB to FILE."""
import os
import signal
import sys

signal.signal(signal.SIGHUP, lambda *_: None)  # from ssh at its end; the program has its default
pid = os.spawnvp(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "a", encoding="ascii") as out:
    out.write(f"{usage.ru_maxrss}\n")
sys.exit(max(os.waitstatus_to_exitcode(status), 0))
