#!/usr/bin/env python3
"""slowly.py BYTES: standard input to standard output, at most so many bytes a second."""
import sys
import time

rate = int(sys.argv[1])
each = max(rate // 20, 1)
due = time.monotonic()
while data := sys.stdin.buffer.read(each):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    due += len(data) / rate
    time.sleep(max(due - time.monotonic(), 0))
