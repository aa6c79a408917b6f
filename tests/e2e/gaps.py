#!/usr/bin/env python3
"""gaps.py COUNT SEED LAB STATE PROXY INSTANCE: how long an echo is away when its connection is cut.

Sends eight bytes each 10 ms through the instance's echo port; the lab cuts the connection at a random
byte. What comes back must be what was sent. Prints the 50th and the 99th percentile of the longest gaps.
"""
import os
import random
import select
import subprocess
import sys
import time

TICK = 0.01
TICKS = 300
LIMIT = 30


def longest_gap(proxy, instance):
    process = subprocess.Popen([proxy, instance, "7"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    sent, got, gap = b"", b"", 0.0
    heard = None
    begin = due = time.monotonic()
    while len(got) < 8 * TICKS and time.monotonic() - begin < LIMIT:
        now = time.monotonic()
        if now >= due and len(sent) < 8 * TICKS:
            piece = (len(sent) // 8).to_bytes(8, "big")
            process.stdin.write(piece)
            sent += piece
            due += TICK
        if select.select([process.stdout], [], [], TICK / 2)[0]:
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                break
            got += piece
            now = time.monotonic()
            gap = max(gap, now - (heard or now))
            heard = now
    process.terminate()  # at the end of its input it would wait for more to come
    process.wait(LIMIT)
    if got != sent:
        sys.exit(f"{len(got)} of {len(sent)} bytes came back" if sent.startswith(got) else "other bytes came back")
    return gap


def main():
    count, seed, lab, state, proxy, instance = sys.argv[1:]
    chance = random.Random(int(seed))
    gaps = []
    for _ in range(int(count)):
        way = chance.choice(["to-client-cut", "to-agent-cut"])
        subprocess.run([lab, "fault", "--state", state, "to-client-cut=", "to-agent-cut=",
                        f"{way}={chance.randrange(4000, 40000)}", "cut-times=1"],
                       check=True, stdout=subprocess.DEVNULL)
        gaps.append(longest_gap(proxy, instance))
    gaps.sort()
    p99 = gaps[min(len(gaps) - 1, len(gaps) * 99 // 100)]
    print(f"away {gaps[len(gaps) // 2] * 1000:.0f} ms, at most {p99 * 1000:.0f} ms for 99 % of {count}")
    if p99 > 2:
        sys.exit(1)


main()
