#!/usr/bin/env python3
"""What a person waits for, over the lab: day_bench.py BUILD [ROUNDS]

`passport ssh-config` with everything in place, and `passport connect` from its start to the shell's prompt, beside direct
ssh to an sshd on loopback, and beside ssh alone with the config that is there: medians of the same run.
"""
import json
import os
import pty
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from service_bench import Service, lab_environment
from tunnel_bench import start_sshd

PROMPTS = (b"$ ", b"# ")  # a user's, root's
PATIENCE_S = 30


def main():
    build = Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    with tempfile.TemporaryDirectory(prefix="passport-day-bench-") as place:
        place = Path(place)
        place.chmod(0o711)
        subprocess.run(["cmake", "--install", build, "--prefix", place / "usr"], check=True, stdout=subprocess.DEVNULL)
        lab = [place / "usr/bin/passport-lab", "--state", place / "lab"]
        subprocess.run([lab[0], "up", *lab[1:], "--instances", "2"], check=True, stdout=subprocess.DEVNULL)
        sshd, direct = start_sshd(place)
        service = Service(build, place, lab_environment(place / "lab/env"), f"sqlite:{place}/state/passport.db")
        try:
            measure(place, service, direct, rounds)
        finally:
            subprocess.run([place / "usr/bin/passport-agent", "stop"], env=environment_of(place),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            service.stop()
            sshd.terminate()
            subprocess.run([lab[0], "down", *lab[1:]], check=True, stdout=subprocess.DEVNULL)


def environment_of(place):
    lab = lab_environment(place / "lab/env")
    out = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "XDG_"))}
    out.update(PATH=f"{place}/usr/bin:{os.environ['PATH']}", PASSPORT_CONFIG=str(place / "passport.conf"),
               XDG_RUNTIME_DIR=str(place / "run"), PASSPORT_TOKEN_FILE=str(place / "token"), HOME=str(place),
               AWS_ENDPOINT_URL=lab["AWS_ENDPOINT_URL"], AWS_CA_BUNDLE=lab["AWS_CA_BUNDLE"])
    return out


def measure(place, service, direct, rounds):
    (place / "run").mkdir(mode=0o700)
    (place / "token").write_text(service.tokens[0] + "\n")
    (place / "passport.conf").write_text(
        f"service = {service.url}\nca = {place}/tls.pem\naccount = 123456789012\nregion = {service.region}\n")
    environment = environment_of(place)
    summary = json.loads((place / "lab/lab.json").read_text())
    instances = [instance["id"] for instance in summary["instances"]]
    service.wait([service.create(instances)], lambda now: now["state"] == "active" and
                 all(instance["state"] == "active" for instance in now["instances"]))
    prepare = ["passport", "ssh-config"]
    config = subprocess.run(prepare, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    ssh = ["ssh", "-F", config, "-o", "ControlPath=none", "-tt", instances[0]]
    connect = ["passport", "connect", instances[0], "--", "-o", "ControlPath=none"]
    rows = [("ssh directly, to the prompt", lambda: to_prompt([*direct[:-1], "-tt", direct[-1]], environment)),
            ("ssh -F with the config, to the prompt", lambda: to_prompt(ssh, environment)),
            ("passport connect, to the prompt", lambda: to_prompt(connect, environment)),
            ("passport ssh-config, with all in place", lambda: to_end(prepare, environment))]
    times = [[job() for _, job in rows] for _ in range(rounds)]  # by turns: all have the same machine
    beside = median(row[0] for row in times)
    for (what, _), column in zip(rows, zip(*times)):
        print(f"{what:42} {1000 * median(column):6.0f} ms  (min {1000 * min(column):.0f}, max {1000 * max(column):.0f})  "
              f"{median(column) / beside:5.2f} of ssh directly", flush=True)


def to_end(command, environment):
    started = time.monotonic()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def to_prompt(command, environment):
    """Seconds until the shell's prompt on a terminal of its own; then the shell is left."""
    started = time.monotonic()
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(command[0], command, environment)
    seen = b""
    while not seen.endswith(PROMPTS):
        if not select.select([terminal], [], [], PATIENCE_S)[0]:
            sys.exit(f"day_bench: no prompt: {command}: {seen}")
        seen += os.read(terminal, 4096)
    took = time.monotonic() - started
    os.write(terminal, b"exit\n")
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:  # the terminal is gone
        pass
    os.close(terminal)
    os.waitpid(process, 0)
    return took


main()
