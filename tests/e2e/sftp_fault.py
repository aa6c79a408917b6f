#!/usr/bin/env python3
"""sftp_fault.py FOLDER RULE...: OpenSSH's SFTP server, with faults in some of its sessions, which are counted in FOLDER.
A RULE is SESSION:plain, for a server without extensions, or SESSION:FAULT:KIND:N[:SECONDS], for the Nth request of a kind:
  stall   the session answers nothing for that time    end     it ends, after that time
  deny    the answer is that permission is denied
"""
import os, select, struct, subprocess, sys, threading

KINDS = {3: "open", 5: "read", 6: "write", 7: "lstat", 9: "setstat", 11: "opendir", 12: "readdir", 13: "remove", 17: "stat", 18: "rename"}


def own_number(folder):
    number = 1
    while True:
        try:
            os.mkdir(f"{folder}/{number}")
            return str(number)
        except FileExistsError:
            number += 1


def pause(seconds):
    """Ends the session when the client has gone."""
    gone = select.poll()
    gone.register(0, 0)
    if gone.poll(seconds * 1000):
        end()


def end():
    server.kill()
    os._exit(0)


def packets(stream):
    while len(head := stream.read(5)) == 5:
        yield head[4], stream.read(struct.unpack(">I", head[:4])[0] - 1)


def send(stream, kind, body):
    with sending:
        stream.write(struct.pack(">IB", len(body) + 1, kind) + body)
        stream.flush()


def answer():
    for kind, body in packets(server.stdout):
        send(sys.stdout.buffer, kind, body[:4] if kind == 2 and ["plain"] in rules else body)
    end()


own = own_number(sys.argv[1])
rules = [rule.split(":")[1:] for rule in sys.argv[2:] if rule.split(":")[0] == own]
sending = threading.Lock()
server = subprocess.Popen(["/usr/lib/openssh/sftp-server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
threading.Thread(target=answer, daemon=True).start()
seen = {}
for kind, body in packets(sys.stdin.buffer):
    name = KINDS.get(kind)
    seen[name] = seen.get(name, 0) + 1
    rule = next((rule for rule in rules if rule[1:3] == [name, str(seen[name])]), ["pass"])
    if rule[0] in ("stall", "end"):
        pause(int(rule[3]))
    if rule[0] == "end":
        end()
    if rule[0] == "deny":
        send(sys.stdout.buffer, 101, body[:4] + struct.pack(">I", 3) + struct.pack(">I", 0) * 2)
    else:
        send(server.stdin, kind, body)
end()
