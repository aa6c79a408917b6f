#!/usr/bin/env python3
"""Signatures and certificates a second, beside OpenSSH's in the same run: keys_bench.py BUILD [SECONDS]"""
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROUNDS = 3
FILES = 200  # certificates that one ssh-keygen signs


def main():
    build, seconds = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "2"
    with tempfile.TemporaryDirectory(prefix="passport-keys-bench-") as place:
        measure(build, seconds, Path(place))


def keygen(place, name, *options):
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "", "-f", place / name, *options], check=True)


def measure(build, seconds, place):
    keygen(place, "ed25519", "-t", "ed25519")
    keygen(place, "rsa", "-t", "rsa", "-b", "3072")
    agent, ours, theirs = build / "keyagent/passport-agent", place / "agent.sock", place / "openssh.sock"
    command = (f"cd {place}; f=$(mktemp -p . XXXXXX.pub); cat >$f; "
               "ssh-keygen -q -s ed25519 -I bench -n rs-bench -V -1m:+1h $f; cat ${f%.pub}-cert.pub")
    place.chmod(0o700)
    subprocess.run([agent, "add-request", "--directory", place, "--certificate-command", command, "bench"],
                   check=True)
    openssh = subprocess.Popen(["ssh-agent", "-D", "-a", theirs], stdout=subprocess.DEVNULL)
    while not theirs.exists():
        time.sleep(0.01)
    subprocess.run(["ssh-add", "-q", place / "ed25519", place / "rsa"], check=True,
                   env=dict(os.environ, SSH_AUTH_SOCK=str(theirs)))
    try:
        for kind in ("ssh-ed25519", "ssh-rsa"):
            for connections in ("1", "8"):
                compare(f"{kind} signatures a second, {connections} connections",
                        lambda: signatures(build, ours, kind, connections, seconds),
                        lambda: signatures(build, theirs, kind, connections, seconds))
        for ca in ("ed25519", "rsa"):
            compare(f"certificates a second, {ca} CA",
                    lambda: number([build / "tests/bench/certificate_bench", place / ca,
                                    place / "ed25519.pub", seconds]),
                    lambda: keygen_certificates(place, ca))
    finally:
        openssh.kill()
        subprocess.run([agent, "stop", "--directory", place], check=True)


def number(command):
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def signatures(build, socket, kind, connections, seconds):
    return number([build / "tests/bench/agent_bench", socket, kind, connections, seconds])


def keygen_certificates(place, ca):
    files = [place / f"k{i}.pub" for i in range(FILES)]
    for file in files:
        file.write_bytes((place / "ed25519.pub").read_bytes())
    start = time.monotonic()
    subprocess.run(["ssh-keygen", "-q", "-s", place / ca, "-I", "bench", "-n", "rs-bench", "-z", "+1",
                    "-V", "-1m:+1h", *files], check=True)
    return FILES / (time.monotonic() - start)


def compare(what, ours, theirs):
    """By turns, so that both have the same machine."""
    pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    us, them = (median(column) for column in zip(*pairs))
    ratio = median(a / b for a, b in pairs)
    print(f"{what:50} {us:9.0f}  OpenSSH {them:8.0f}  ratio {ratio:6.2f}", flush=True)


main()
