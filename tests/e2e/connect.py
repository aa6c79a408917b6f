#!/usr/bin/env python3
"""Connections for the end-to-end tests: connect.py COMMAND ADDRESS [ARGUMENT]

ADDRESS is HOST:PORT or the path of a unix socket. Commands:
  talk          sends standard input, then its end; prints what comes until the end
  count N       reads N bytes and prints how many seconds that took
  stall SECONDS sends nothing, reads nothing; then prints how the connection ended
  many N WIDTH  N connections, WIDTH at once, each echoing its own bytes
"""
import concurrent.futures
import os
import socket
import sys
import time


def connect(address):
    if address.startswith("/"):
        s = socket.socket(socket.AF_UNIX)
        s.connect(address)
    else:
        host, port = address.rsplit(":", 1)
        s = socket.create_connection((host.strip("[]"), int(port)))
    s.settimeout(60)
    return s


def exchange(s, data):
    """Sends and reads at the same time; the peer's bytes until its end."""
    s.setblocking(False)
    received = bytearray()
    view = memoryview(data)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        moved = False
        if view:
            try:
                n = s.send(view[:65536])
                view = view[n:]
                moved = True
                if not view:
                    s.shutdown(socket.SHUT_WR)
            except BlockingIOError:
                pass
        try:
            piece = s.recv(1 << 18)
            if not piece:
                return bytes(received)
            received += piece
            moved = True
        except BlockingIOError:
            pass
        if not moved:
            time.sleep(0.001)
    raise TimeoutError("no end after 120 s")


def talk(address):
    data = sys.stdin.buffer.read()
    s = connect(address)
    try:
        if not data:
            s.shutdown(socket.SHUT_WR)
        sys.stdout.buffer.write(exchange(s, data))
    except OSError as e:
        sys.exit(f"connection lost: {e}")


def count(address, size):
    s = connect(address)
    start = time.monotonic()
    left = int(size)
    while left > 0:
        n = len(s.recv(1 << 18))
        if n == 0:
            sys.exit("the connection ended early")
        left -= n
    print(f"{time.monotonic() - start:.3f}")


def stall(address, seconds):
    s = connect(address)
    time.sleep(float(seconds))
    try:
        while s.recv(1 << 18):
            pass
        print("end")
    except ConnectionResetError:
        print("reset")


def echo_one(address, number):
    s = connect(address)
    data = os.urandom(2000) + str(number).encode()
    s.sendall(data)
    received = bytearray()
    while len(received) < len(data):
        piece = s.recv(65536)
        if not piece:
            return False
        received += piece
    s.close()
    return bytes(received) == data


def many(address, number, width):
    with concurrent.futures.ThreadPoolExecutor(int(width)) as pool:
        good = sum(pool.map(lambda i: echo_one(address, i), range(int(number))))
    print(good)


if __name__ == "__main__":
    {"talk": talk, "count": count, "stall": stall, "many": many}[sys.argv[1]](*sys.argv[2:])
