#!/usr/bin/env python3
"""sign_often.py SOCKET COUNT: has each identity of an agent sign in turn, until COUNT signatures are made."""
import socket
import struct
import sys


def string(data):
    return struct.pack(">I", len(data)) + data


def ask(agent, message):
    agent.sendall(string(message))
    size, = struct.unpack(">I", read(agent, 4))
    return read(agent, size)


def read(agent, size):
    data = b""
    while len(data) < size:
        data += agent.recv(size - len(data)) or sys.exit("the agent went away")
    return data


def main():
    agent = socket.socket(socket.AF_UNIX)
    agent.connect(sys.argv[1])
    answer = ask(agent, b"\x0b")
    count, at, blobs = struct.unpack(">I", answer[1:5])[0], 5, []
    for _ in range(count):
        for kind in ("blob", "comment"):
            size, = struct.unpack(">I", answer[at : at + 4])
            if kind == "blob":
                blobs.append(answer[at + 4 : at + 4 + size])
            at += 4 + size
    for i in range(int(sys.argv[2])):
        blob = blobs[i % len(blobs)]
        flags = 4 if blob[4:11] == b"ssh-rsa" else 0
        if ask(agent, b"\x0d" + string(blob) + string(b"x" * 200) + struct.pack(">I", flags))[0] != 14:
            sys.exit("refused")


main()
