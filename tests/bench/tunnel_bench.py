#!/usr/bin/env python3
"""Measures passport-proxy over passport-lab, beside direct ssh and direct TCP in the same run.

usage: tunnel_bench.py BUILD_DIR [MIB]

Every figure is the median of ROUNDS runs. Uploads go to an instance's discard port, downloads come
from its source port: no ssh in the way. Direct ssh is an sshd on loopback with the same settings.
"""
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 3
STARTS = 25
BLOCK = bytes(1 << 16)


def wait_for(process):
    """Ends a proxy and returns its CPU seconds and peak resident MiB."""
    process.send_signal(signal.SIGTERM)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def start_proxy(build, instance, port, payload):
    return subprocess.Popen(
        [f"{build}/proxy/passport-proxy", "--payload-size", str(payload), instance, str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)


def upload(build, instance, payload, size):
    proxy = start_proxy(build, instance, 9, payload)
    proxy.stdin.write(BLOCK)  # the session is up when this is taken
    start = time.monotonic()
    for _ in range(size // len(BLOCK)):
        view = memoryview(BLOCK)
        while view:
            view = view[proxy.stdin.write(view):]
    seconds = time.monotonic() - start
    return (size / seconds / 1e6, *wait_for(proxy))


def download(build, instance, payload, size):
    proxy = start_proxy(build, instance, 19, payload)
    got = len(os.read(proxy.stdout.fileno(), 1 << 20))
    start = time.monotonic()
    while got < size:
        got += len(os.read(proxy.stdout.fileno(), 1 << 20))
    seconds = time.monotonic() - start
    return (size / seconds / 1e6, *wait_for(proxy))


def first_byte(build, instance):
    start = time.monotonic()
    proxy = start_proxy(build, instance, 22, 1536)
    os.read(proxy.stdout.fileno(), 1)
    seconds = time.monotonic() - start
    wait_for(proxy)
    return seconds * 1000


def ssh_copy(ssh, size, up):
    """MB/s of `size` bytes through an ssh command."""
    start = time.monotonic()
    if up:
        process = subprocess.Popen([*ssh, "cat >/dev/null"], stdin=subprocess.PIPE)
        for _ in range(size // len(BLOCK)):
            process.stdin.write(BLOCK)
        process.stdin.close()
    else:
        process = subprocess.Popen([*ssh, f"head -c {size} /dev/zero"], stdout=subprocess.DEVNULL)
    if process.wait() != 0:
        sys.exit("bench: ssh failed")
    return size / (time.monotonic() - start) / 1e6


def start_sshd(work):
    """An sshd on loopback for the current user; returns the ssh command that reaches it."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", work / name], check=True)
    (work / "authorized").write_text((work / "user.pub").read_text())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (work / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {work}/host\nPidFile {work}/sshd.pid\nStrictModes no\n"
        f"AuthorizedKeysFile {work}/authorized\nPasswordAuthentication no\nUsePAM no\nPermitRootLogin yes\n")
    os.makedirs("/run/sshd", exist_ok=True) if os.geteuid() == 0 else None
    sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", work / "sshd_config"])
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    return sshd, ["ssh", "-F", "/dev/null", "-i", str(work / "user"), "-o", "IdentitiesOnly=yes", "-o",
                  "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-p",
                  str(port), "127.0.0.1"]


class Lab:
    def __init__(self, build, state, payload):
        self.command = [f"{build}/lab/passport-lab"]
        self.state = state
        out = subprocess.run([*self.command, "up", "--state", state, "--instances", "1", "--json",
                              "--agent-payload-size", str(payload)], check=True, capture_output=True, text=True)
        summary = json.loads(out.stdout)
        self.instance = summary["instances"][0]["id"]
        self.ssh_config = summary["ssh_config"]
        for line in pathlib.Path(summary["env"]).read_text().splitlines():
            if line.startswith("export "):
                name, value = line[len("export "):].split("=", 1)
                os.environ[name] = value.strip("'\"")

    def down(self):
        subprocess.run([*self.command, "down", "--state", self.state], check=True, stdout=subprocess.DEVNULL)


def report(what, samples, size):
    rate, cpu, rss = (statistics.median(values) for values in zip(*samples))
    print(f"{what:34} {rate:8.1f} MB/s   {cpu / (size / 1e9):6.2f} CPU s/GB   peak {rss:5.1f} MiB", flush=True)


def main():
    build = os.path.abspath(sys.argv[1])
    size = int(sys.argv[2] if len(sys.argv) > 2 else 512) << 20
    with tempfile.TemporaryDirectory(prefix="passport-bench.") as name:
        work = pathlib.Path(name)
        for payload in (1536, 65536):
            lab = Lab(build, work / "lab", payload)
            try:
                part = size // 4 if payload == 1536 else size
                for what, run in (("upload", upload), ("download", download)):
                    samples = [run(build, lab.instance, payload, part) for _ in range(ROUNDS)]
                    report(f"raw {what}, {payload} bytes", samples, part)
            finally:
                lab.down()
        lab = Lab(build, work / "lab", 65536)
        sshd, direct = start_sshd(work)
        try:
            proxy = f"ProxyCommand={build}/proxy/passport-proxy --payload-size 65536 %h %p"
            tunnel = ["ssh", "-F", lab.ssh_config, "-o", proxy, lab.instance]
            for up in (True, False):
                pairs = [(ssh_copy(tunnel, size, up), ssh_copy(direct, size, up)) for _ in range(ROUNDS)]
                ours, theirs = (statistics.median(values) for values in zip(*pairs))
                ratio = statistics.median(a / b for a, b in pairs)
                print(f"ssh {'upload' if up else 'download'}, 65536 bytes".ljust(34) +
                      f" {ours:8.1f} MB/s   direct {theirs:8.1f} MB/s   ratio {ratio:.2f}", flush=True)
            times = sorted(first_byte(build, lab.instance) for _ in range(STARTS))
            print(f"exec to the server's first byte    {statistics.median(times):8.1f} ms     "
                  f"min {times[0]:.1f}, max {times[-1]:.1f}", flush=True)
        finally:
            sshd.terminate()
            sshd.wait()
            lab.down()


if __name__ == "__main__":
    main()
