#!/usr/bin/env python3
"""passportd over the lab, on SQLite and on PostgreSQL: service_bench.py BUILD [INSTANCES]

Requests made a second and how long one takes, certificates and Logbook records a second, users made on
1, 10, ... INSTANCES (10,000) and removed again, and the most memory that passportd had. Beside them, in the same
run: appends to a file a second, each on the disk before the next.
"""
import http.client
import json
import os
import pwd
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CALLS = 400
OF_A_REQUEST = 500  # instances
POSTGRES = Path("/usr/lib/postgresql/15/bin")


def main():
    build = Path(sys.argv[1]).resolve()
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory(prefix="passport-service-bench-") as place:
        place = Path(place)
        place.chmod(0o711)
        print(f"{'appends to a file a second, each on the disk':52} {appends(place / 'file'):8.0f}")
        lab = [build / "lab/passport-lab", "--state", place / "lab"]
        subprocess.run([lab[0], "up", *lab[1:], "--instances", "0", "--featherweight", str(most)],
                       check=True, stdout=subprocess.DEVNULL)
        try:
            environment = lab_environment(place / "lab/env")
            measure("SQLite", build, place, environment, most, f"sqlite:{place}/state/passport.db")
            with Postgres(place / "postgres") as where:
                measure("PostgreSQL", build, place, environment, most, where)
        finally:
            subprocess.run([lab[0], "down", *lab[1:]], check=True, stdout=subprocess.DEVNULL)


def appends(path):
    with open(path, "wb") as file:
        started = time.monotonic()
        for _ in range(CALLS):
            file.write(b"x" * 500)
            file.flush()
            os.fsync(file.fileno())
        return CALLS / (time.monotonic() - started)


def lab_environment(path):
    out = subprocess.run(["sh", "-c", f". {path}; env -0"], check=True, stdout=subprocess.PIPE).stdout
    return dict(line.split("=", 1) for line in out.decode().split("\0") if "=" in line)


class Postgres:
    """A server of its own, on a socket."""

    def __init__(self, place):
        self.place = place

    def run(self, *words):
        user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run([*user, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        self.place.mkdir()
        if os.getuid() == 0:
            shutil.chown(self.place, pwd.getpwnam("postgres").pw_uid)
        data = self.place / "data"
        self.run(POSTGRES / "initdb", "-D", data, "-A", "trust", "-U", "passport")
        self.run(POSTGRES / "pg_ctl", "-D", data, "-w", "-l", self.place / "log",
                 "-o", f"-c listen_addresses= -k {self.place}", "start")
        return f"postgresql:///postgres?host={self.place}&user=passport"

    def __exit__(self, *_):
        self.run(POSTGRES / "pg_ctl", "-D", self.place / "data", "-m", "immediate", "stop")


class Service:
    """passportd, and calls of its API over one kept connection."""

    def __init__(self, build, place, environment, where):
        shutil.rmtree(place / "state", ignore_errors=True)
        config = place / "passportd.conf"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=p",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", place / "tls.key",
                        "-out", place / "tls.pem"], check=True, stderr=subprocess.DEVNULL)
        self.region = environment["AWS_REGION"]
        config.write_text(f"""listen = 127.0.0.1:0
certificate = {place}/tls.pem
key = {place}/tls.key
database = {where}
state_dir = {place}/state
peer_requests = 1000000
[account 123456789012]
regions = {self.region}
role = arn:aws:iam::123456789012:role/passport
admins = ops
""")
        passportd = build / "service/passportd"
        self.tokens = [subprocess.run([passportd, "token", "--config", config, "--user", user, "--groups", groups],
                                      check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
                       for user, groups in (("ann", "ops"), ("eve", "others"))]
        self.process = subprocess.Popen([passportd, "--config", config], stdout=subprocess.PIPE, env=environment,
                                        text=True)
        self.url = self.process.stdout.readline().strip()
        host = self.url.removeprefix("https://")
        self.connection = http.client.HTTPSConnection(
            host, context=ssl.create_default_context(cafile=place / "tls.pem"), timeout=60)

    def call(self, method, path, body=None, token=0):
        self.connection.request(method, path, json.dumps(body or {}) if method == "POST" else None,
                                {"Authorization": "Bearer " + self.tokens[token]})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def create(self, instances):
        status, made = self.call("POST", "/v1/requests", {
            "account": "123456789012", "region": self.region, "instances": instances, "reason": "bench"})
        assert status == 201, made
        return made["id"]

    def wait(self, requests, good):
        left = list(requests)
        while left:
            left = [request for request in left if not good(self.call("GET", f"/v1/requests/{request}")[1])]
            if left:
                time.sleep(0.05)

    def complete(self, requests):
        for request in requests:
            assert self.call("POST", f"/v1/requests/{request}/complete")[0] == 200
        self.wait(requests, lambda now: now["state"] == "completed")

    def peak_mib(self):
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


def is_active(now):
    return now["state"] == "active" and all(i["state"] == "active" for i in now["instances"])


def timed(job, count):
    """How many a second; the middle one, and the one that 99 of a hundred are faster than, in ms."""
    times = []
    for _ in range(count):
        started = time.monotonic()
        job()
        times.append(time.monotonic() - started)
    times.sort()
    return count / sum(times), 1000 * times[count // 2], 1000 * times[count * 99 // 100]


def measure(engine, build, place, environment, most, where):
    service = Service(build, place, environment, where)
    try:
        def line(what, figures):
            print(f"{engine + ': ' + what:52} {figures}", flush=True)

        made = []
        name = "i-{:017x}".format
        rate, middle, slow = timed(lambda: made.append(service.create([name(0x1001 + len(made) % most)])), CALLS)
        line("requests made a second, with Run Command beside it", f"{rate:8.0f}  p50 {middle:.1f} ms, p99 {slow:.1f} ms")
        service.wait(made, lambda now: now["state"] == "active")
        key = subprocess.run(["sh", "-c", f"rm -f {place}/key*; ssh-keygen -q -t ed25519 -N '' -f {place}/key; cat {place}/key.pub"],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
        certify = f"/v1/requests/{made[0]}/certificates"
        rate, middle, slow = timed(lambda: service.call("POST", certify, {"public_key": key}), CALLS)
        line("certificates a second", f"{rate:8.0f}  p50 {middle:.1f} ms, p99 {slow:.1f} ms")
        rate, middle, slow = timed(lambda: service.call("GET", f"/v1/requests/{made[0]}", token=1), CALLS)
        line("refusals recorded in the Logbook a second", f"{rate:8.0f}  p50 {middle:.1f} ms, p99 {slow:.1f} ms")
        service.complete(made)
        count = 1
        while count <= most:
            provision(service, [name(0x1001 + at) for at in range(count)], line)
            count *= 10
        line("most memory", f"{service.peak_mib():8.0f} MiB")
    finally:
        service.stop()


def provision(service, instances, line):
    started = time.monotonic()
    requests = [service.create(instances[at:at + OF_A_REQUEST]) for at in range(0, len(instances), OF_A_REQUEST)]
    service.wait(requests, is_active)
    made = time.monotonic() - started
    started = time.monotonic()
    service.complete(requests)
    removed = time.monotonic() - started
    line(f"users on {len(instances)} instances",
         f"{made:8.2f} s, {1000 * made / len(instances):.2f} ms each; removed in {removed:.2f} s")


if __name__ == "__main__":
    main()
