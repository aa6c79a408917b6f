#!/usr/bin/env python3
"""What ssh reads, and how it is written: config_bench.py BUILD [INSTANCES]

Writing an ssh_config of INSTANCES (10,000), on this disk and in memory; how long ssh -G takes with it beside an empty
one, the two in turns; and a warm `passport-ssh-config` over the lab, beside the same program's --version.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from service_bench import Service, lab_environment

TIMES = 41


def main():
    build = Path(sys.argv[1]).resolve()
    instances = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    for where in (None, "/dev/shm"):
        with tempfile.TemporaryDirectory(prefix="passport-config-bench-", dir=where) as place:
            folder = Path(place) / "passport"
            said = subprocess.run([build / "tests/bench/config_bench", folder, str(instances)], check=True,
                                  stdout=subprocess.PIPE, text=True).stdout.split()
            show(f"written, {instances} instances, {where or 'disk'}, ms", float(said[0]))
            if where:
                read(folder, said[1])
    with tempfile.TemporaryDirectory(prefix="passport-config-bench-") as place:
        warm(build, Path(place))


def show(what, number):
    print(f"{what:60} {number:8.1f}")


def in_turns(**commands):
    """The median time of each, in ms."""
    taken = {name: [] for name in commands}
    for _ in range(TIMES):
        for name, (words, environment) in commands.items():
            started = time.monotonic()
            subprocess.run(words, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            taken[name].append((time.monotonic() - started) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def read(folder, name):
    (folder / "empty").write_text("")
    ssh = ["ssh", "-G", "-F"]
    full = folder / "ssh_config"
    host = next(line.split()[1] for line in full.read_text().splitlines() if line.endswith(" " + name))
    times = in_turns(empty=([*ssh, folder / "empty", host], None), id=([*ssh, full, host], None),
                     name=([*ssh, full, name], None))
    show("ssh -G with an empty one, ms", times["empty"])
    for what in ("id", "name"):
        show(f"  with that one, by {what}, more", times[what] - times["empty"])


def warm(build, place):
    place.chmod(0o711)
    lab = [build / "lab/passport-lab", "--state", place / "lab"]
    subprocess.run([lab[0], "up", *lab[1:], "--instances", "0", "--featherweight", "10"], check=True,
                   stdout=subprocess.DEVNULL)
    service = None
    try:
        environment = lab_environment(place / "lab/env")
        service = Service(build, place, environment, f"sqlite:{place}/state/passport.db")
        use(build, place, environment, service, [f"i-{0x1001 + n:017x}" for n in range(10)])
    finally:
        if service is not None:
            service.stop()
        subprocess.run([lab[0], "down", *lab[1:]], check=True, stdout=subprocess.DEVNULL)


def use(build, place, environment, service, ids):
    (place / "token").write_text(service.tokens[0] + "\n")
    (place / "run").mkdir(mode=0o700)
    environment = environment | {
        "HOME": str(place), "XDG_RUNTIME_DIR": str(place / "run"), "PASSPORT_CA": str(place / "tls.pem"),
        "PASSPORT_SERVICE": f"https://{service.connection.host}:{service.connection.port}",
        "PASSPORT_TOKEN_FILE": str(place / "token"), "PASSPORT_ACCOUNT": "123456789012",
        "PASSPORT_REGION": service.region}
    subprocess.run([build / "client/passport-request", "create", "--reason", "a measurement", *ids], check=True,
                   env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # Its neighbours are found beside it, or along PATH.
    environment["PATH"] = os.pathsep.join(
        [*(str(build / folder) for folder in ("client", "keyagent", "proxy")), environment["PATH"]])
    program = build / "config-gen/passport-ssh-config"
    started = time.monotonic()
    subprocess.run([program], check=True, env=environment, stdout=subprocess.DEVNULL)
    show("passport-ssh-config, the first time, ms", (time.monotonic() - started) * 1000)
    try:
        times = in_turns(warm=([program], environment), version=([program, "--version"], environment))
    finally:
        subprocess.run([build / "keyagent/passport-agent", "stop"], check=True, env=environment)
    show("passport-ssh-config, warm, ms", times["warm"])
    show("  its --version", times["version"])


if __name__ == "__main__":
    main()
