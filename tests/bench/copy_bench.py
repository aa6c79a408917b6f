#!/usr/bin/env python3
"""passport-copy beside scp, over the lab with its sessions at a real agent's pace: copy_bench.py BUILD [MIB [PACE_MS]]

Each copies the same file of random bytes down from one instance, twice, in turns; both with the config that
passport-ssh-config writes. A connection is shared by nobody.
"""
import filecmp
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 2
SESSIONS = 8


def main():
    build = Path(sys.argv[1]).resolve()
    size = (int(sys.argv[2]) if len(sys.argv) > 2 else 64) << 20
    pace = sys.argv[3] if len(sys.argv) > 3 else "1"
    with tempfile.TemporaryDirectory(prefix="passport-copy-bench-") as place:
        day = Day(build, Path(place))
        try:
            day.measure(size, pace)
        finally:
            day.end()


class Day:
    """A lab with passportd, and a request that is active."""

    def __init__(self, build, place):
        self.build, self.place = build, place
        self.lab = [build / "lab/passport-lab", "--state", place / "lab"]
        out = self.run(self.lab[0], "up", *self.lab[1:], "--instances", "1")
        self.instance = next(line.split()[1] for line in out.splitlines() if line.startswith("instance "))
        self.environment = dict(os.environ, **lab_environment(place / "lab/env"))
        self.environment.update(
            HOME=str(place), XDG_RUNTIME_DIR=str(place / "run"), PASSPORT_CA=str(place / "tls.pem"),
            PASSPORT_ACCOUNT="123456789012", PASSPORT_REGION=self.environment["AWS_REGION"],
            PATH=":".join([*(str(build / folder) for folder in ("client", "config-gen", "proxy", "keyagent")),
                           os.environ["PATH"]]))
        (place / "run").mkdir(mode=0o700)
        self.service = self.start_service()
        self.run("passport-request", "create", "--reason", "a measurement", self.instance, stderr=subprocess.DEVNULL)
        self.config = self.run("passport-ssh-config", "--no-control-master").strip()

    def run(self, *words, **more):
        environment = getattr(self, "environment", None)
        return subprocess.run(words, check=True, env=environment, stdout=subprocess.PIPE, text=True, **more).stdout

    def start_service(self):
        place, passportd = self.place, self.build / "service/passportd"
        self.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=passportd",
                 "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", place / "tls.key", "-out", place / "tls.pem",
                 stderr=subprocess.DEVNULL)
        config = place / "passportd.conf"
        config.write_text(
            f"listen = 127.0.0.1:0\ncertificate = {place}/tls.pem\nkey = {place}/tls.key\n"
            f"database = sqlite:{place}/state/passport.db\nstate_dir = {place}/state\n\n[account 123456789012]\n"
            f"regions = {self.environment['AWS_REGION']}\nrole = arn:aws:iam::123456789012:role/passport\n"
            "external_id = write-your-own\nadmins = ops\n")
        token = self.run(passportd, "token", "--config", config, "--user", "ann", "--groups", "ops")
        service = subprocess.Popen([passportd, "--config", config], env=self.environment, stdout=subprocess.PIPE,
                                   text=True)
        self.environment["PASSPORT_SERVICE"] = service.stdout.readline().strip()
        self.run("passport-auth", "login", "--token-stdin", input=token)
        return service

    def measure(self, size, pace):
        source = self.place / "source"
        with open(source, "wb") as file:
            for _ in range(size >> 20):
                file.write(os.urandom(1 << 20))
        ssh = ["ssh", "-F", self.config, self.instance]
        with open(source, "rb") as file:
            self.run(*ssh, "cat >source", stdin=file)
        self.run(self.lab[0], "fault", *self.lab[1:], f"agent-pace={pace}")
        ways = {
            "scp": ["scp", "-q", "-F", self.config],
            f"passport-copy, {SESSIONS} sessions": ["passport-copy", "-j", str(SESSIONS), "-F", self.config],
        }
        seconds = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, words in ways.items():
                target = self.place / "target"
                started = time.monotonic()
                self.run(*words, f"{self.instance}:source", target)
                seconds[name].append(time.monotonic() - started)
                if not filecmp.cmp(source, target, shallow=False):
                    sys.exit(f"bench: {name} copied something else")
                target.unlink()
        for name, times in seconds.items():
            best = min(times)
            print(f"{size >> 20} MiB down by {name:32} {best:8.2f} s   {size / best / 1e6:6.2f} MB/s", flush=True)
        theirs, ours = (statistics.median(times) for times in seconds.values())
        print(f"{'ratio':44} {theirs / ours:8.2f}", flush=True)

    def end(self):
        subprocess.run(["passport-agent", "stop"], env=self.environment, stdout=subprocess.DEVNULL, check=False)
        self.service.terminate()
        self.service.wait()
        self.run(self.lab[0], "down", *self.lab[1:])


def lab_environment(path):
    out = subprocess.run(["sh", "-c", f". {path}; env -0"], check=True, stdout=subprocess.PIPE).stdout
    return dict(line.split("=", 1) for line in out.decode().split("\0") if "=" in line)


main()
