#!/usr/bin/env python3
"""find_keys.py RECORD PLACE...: looks for the recorded private keys in each PLACE: a process's number,
or a file or folder. Prints "NAME in PLACE" for each that is there, in whole or in part; the recorded
public numbers (n) show that the search works. See tests/support/key_recorder.cc."""
import hashlib
import os
import re
import sys

MASK = 0x5A
PIECE = 16  # bytes: a part as long as this is a hit
PUBLIC = {"n", "public"}


def needles(record):
    """(name, piece) of everything that would give a key away, in both byte orders."""
    for line in open(record):
        name, text = line.split()
        value = bytes(b ^ MASK for b in bytes.fromhex(text))
        whole = [(name, value)]
        if name == "seed":
            expanded = bytearray(hashlib.sha512(value).digest())
            whole.append(("expanded", bytes(expanded)))
            expanded[0] &= 248
            expanded[31] = expanded[31] & 63 | 64
            whole.append(("expanded", bytes(expanded[:32])))
        elif name == "e":
            continue
        for kind, secret in whole:
            for form in (secret, secret[::-1]):
                for at in range(0, len(form) - PIECE + 1, PIECE):
                    yield kind, form[at : at + PIECE]


def contents(place):
    if place.isdigit():
        with open(f"/proc/{place}/mem", "rb", 0) as memory:
            for line in open(f"/proc/{place}/maps"):
                area = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
                if not area or "[v" in line:
                    continue
                start, end = (int(x, 16) for x in area.groups())
                memory.seek(start)
                try:
                    yield memory.read(end - start)
                except OSError:
                    pass
    elif os.path.isdir(place):
        for folder, _, names in os.walk(place):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    yield open(path, "rb").read()
    else:
        yield open(place, "rb").read()


def main():
    record, *places = sys.argv[1:]
    wanted = {}
    for name, piece in needles(record):
        wanted.setdefault(piece, name)
    pattern = re.compile(b"|".join(re.escape(piece) for piece in wanted), re.DOTALL)
    for place in places:
        hits = {}
        for block in contents(place):
            for hit in pattern.finditer(block):
                name = wanted[hit.group()]
                hits[name] = hits.get(name, 0) + 1
        for name, count in sorted(hits.items()):
            print(f"{name} in {place}, {count} times")


main()
