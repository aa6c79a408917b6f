#!/usr/bin/env python3
"""An SFTP server, version 3, that means no good. Whatever is asked for exists; what it is, its path says:
  names   a folder with names that lead out of it        deep    folders within folders without end
  many    a folder without end                           round   a link to the folder that it is in
  short   says that it is longer than it is              huge    says that it is very long
  long    answers with more than was asked for           silent  is never answered for
"""
import struct, sys, time

EOF, NO_SUCH_FILE, OK = 1, 2, 0
FILE, FOLDER, LINK = 0o100644, 0o040755, 0o120777
source, sink = sys.stdin.buffer, sys.stdout.buffer


def string(data):
    return struct.pack(">I", len(data)) + data


def attributes(mode, size=5):
    return struct.pack(">IQIII", 0x1 | 0x4 | 0x8, size, mode, 1700000000, 1700000000)


def send(kind, body):
    sink.write(struct.pack(">IB", len(body) + 1, kind) + body)
    sink.flush()


def status(number, code):
    send(101, number + struct.pack(">I", code) + string(b"no") + string(b""))


def names(number, entries):
    body = b"".join(string(name) + string(b"-rw-r--r-- 1 a b 5 x " + name) + what for name, what in entries)
    send(104, number + struct.pack(">I", len(entries)) + body)


def kind_of(path):
    last = path.rsplit(b"/", 1)[-1]
    if last in (b".", b"", b"names", b"deep", b"many", b"round", b"down"):
        return attributes(FOLDER)
    return attributes(FILE, {b"short": 100000, b"long": 100000, b"huge": 1 << 62}.get(last, 5))


def listing(path, times):
    last = path.rsplit(b"/", 1)[-1]
    if last == b"many":
        return [(b"%d-%d" % (times, n), attributes(FILE)) for n in range(2000)]
    if times > 0:
        return []
    if last == b"names":
        bad = [b"../escaped", b"/tmp/escaped", b"..", b".", b"", b"a/../../escaped", b"a/b", b"x" * 300]
        return [(name, attributes(FILE)) for name in bad + [b"good", b"\x1b[31mred\n"]]
    if last in (b"deep", b"down"):
        return [(b"down", attributes(FOLDER)), (b"file", attributes(FILE))]
    return [(b"round", attributes(LINK)), (b"file", attributes(FILE))]


handles = {}
while head := source.read(5):
    length, kind = struct.unpack(">IB", head)
    body = source.read(length - 1)
    if kind == 1:
        send(2, struct.pack(">I", 3))
        continue
    number, rest = body[:4], body[4:]
    size = struct.unpack(">I", rest[:4])[0]
    text, rest = rest[4 : 4 + size], rest[4 + size :]
    if text.endswith(b"silent"):
        time.sleep(1000)
    if kind == 16:  # REALPATH
        names(number, [(text.replace(b"/round", b"") or b"/", attributes(FOLDER))])
    elif kind in (7, 17):  # LSTAT, STAT
        send(105, number + kind_of(text))
    elif kind in (3, 11):  # OPEN, OPENDIR
        handle = b"%d" % len(handles)
        handles[handle] = [text, 0]
        send(102, number + string(handle))
    elif kind == 12:  # READDIR
        found = listing(*handles[text])
        handles[text][1] += 1
        names(number, found) if found else status(number, EOF)
    elif kind == 5:  # READ
        offset, wanted = struct.unpack(">QI", rest)
        path = handles[text][0]
        data = b"hello"[offset : offset + wanted]
        if path.endswith(b"long"):
            data = b"x" * (wanted + 1)
        if path.endswith(b"short"):
            data = b"x" * max(0, min(wanted, 100 - offset))
        send(103, number + string(data)) if data else status(number, EOF)
    elif kind == 4:  # CLOSE
        status(number, OK)
    else:
        status(number, NO_SUCH_FILE)
