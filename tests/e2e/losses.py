#!/usr/bin/env python3
"""Requests for COUNT featherweights, used and completed: losses.py URL WORK STATE REGION COUNT

losses.py --recorded RECORDS COUNT: whether the Logbook has each of them made and removed.
"""
import json
import ssl
import sys
import time
import urllib.request
from pathlib import Path

FIRST = 0x1001
AT_ONCE = 100  # instances of a request
PATIENCE_S = 1500


def names(count):
    return [f"i-{FIRST + at:017x}" for at in range(count)]


def check_recorded(records, count):
    done = {"user.active": set(), "user.removed": set()}
    for line in Path(records).read_text().splitlines():
        record = json.loads(line)
        if record["action"] in done and record["outcome"] == "ok":
            done[record["action"]].add(json.loads(record["details"])["instance"])
    for action, instances in done.items():
        assert instances >= set(names(count)), f"no {action} of {sorted(set(names(count)) - instances)}"
    print(f"ok: the Logbook has {count} users made and removed")


def main():
    url, work, state, region, count = sys.argv[1:]
    work, count = Path(work), int(count)
    token = (work / "ann").read_text().strip()
    trust = ssl.create_default_context(cafile=work / "tls.pem")

    def call(method, path, body=None):
        request = urllib.request.Request(url + path, method=method)
        request.add_header("Authorization", "Bearer " + token)
        data = json.dumps(body or {}).encode() if method == "POST" else None
        with urllib.request.urlopen(request, data, timeout=60, context=trust) as answer:
            return json.load(answer)

    def wait_until(requests, good, what):
        end = time.monotonic() + PATIENCE_S
        left = list(requests)
        while left:
            left = [request for request in left if not good(call("GET", f"/v1/requests/{request}"))]
            assert time.monotonic() < end, f"not {what}: {left}"
            time.sleep(0.5)

    wanted = names(count)
    started = time.monotonic()
    requests = [call("POST", "/v1/requests", {"account": "123456789012", "region": region, "reason": "losses",
                                              "instances": wanted[at:at + AT_ONCE], "duration_s": 3600})["id"]
                for at in range(0, count, AT_ONCE)]
    wait_until(requests, lambda now: all(i["state"] == "active" for i in now["instances"]), "active")
    print(f"ok: {count} users are made ({time.monotonic() - started:.0f} s)", flush=True)
    started = time.monotonic()
    for request in requests:
        call("POST", f"/v1/requests/{request}/complete")
    wait_until(requests, lambda now: now["state"] == "completed", "completed")
    print(f"ok: {count} users are removed ({time.monotonic() - started:.0f} s)", flush=True)
    live, made = {}, set()
    for line in (Path(state) / "featherweights.jsonl").read_text().splitlines():
        change = json.loads(line)
        live[change["instance"], change["user"]] = change["live"]
        if change["live"]:
            made.add(change["instance"])
    assert made == set(wanted), f"never made on {sorted(set(wanted) - made)}"
    left = sorted(user for user, lives in live.items() if lives)
    assert not left, f"users are left: {left}"
    print(f"ok: no user is alive on {count} instances")


if sys.argv[1] == "--recorded":
    check_recorded(sys.argv[2], int(sys.argv[3]))
else:
    main()
