#!/usr/bin/env python3
"""peak.py FILE PROGRAM ARGUMENT...: runs the program and adds its peak resident KiB, and the most files that it was seen to have open, to FILE."""
import os
import signal
import sys
import threading

EACH_S = 0.5
most = 0


def look(pid, ended):
    global most
    while not ended.wait(EACH_S):
        try:
            most = max(most, len(os.listdir(f"/proc/{pid}/fd")))
        except OSError:  # it ends
            return


signal.signal(signal.SIGHUP, lambda *_: None)  # from ssh at its end; the program has its default
pid = os.spawnvp(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
ended = threading.Event()
looking = threading.Thread(target=look, args=(pid, ended))
looking.start()
_, status, usage = os.wait4(pid, 0)
ended.set()
looking.join()
with open(sys.argv[1], "a", encoding="ascii") as out:
    out.write(f"{usage.ru_maxrss} {most}\n")
sys.exit(max(os.waitstatus_to_exitcode(status), 0))
