#!/usr/bin/env python3
"""Lives of a request, each with passportd killed at another place: kills.py PASSPORTD WORK INSTANCE REGION FROM TO STEP END

END: "complete", or "expire": its time is put to now.
"""
import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

passportd, work, instance, region = sys.argv[1:5]
first, last, step = map(int, sys.argv[5:8])
end_by = sys.argv[8]
work = Path(work)
token = (work / "ann").read_text().strip()
trust = ssl.create_default_context(cafile=work / "tls.pem")


class Service:
    """passportd, started again without a place to die whenever it is gone."""

    def __init__(self, place):
        self.killed = False
        self.start({"PASSPORT_FAIL_POINT": f":{place}"})

    def start(self, more):
        self.process = subprocess.Popen([passportd, "--config", work / "passportd.conf"], stdout=subprocess.PIPE,
                                        stderr=open(work / "passportd.log", "a"), env=dict(os.environ, **more))
        self.url = self.process.stdout.readline().decode().strip()
        if not self.url:
            self.revive()

    def revive(self):
        status = self.process.wait()
        assert status == -signal.SIGKILL, f"it ended by itself: {status}"
        self.killed = True
        self.start({"PASSPORT_FAIL_POINT": ""})

    def call(self, method, path, body=None, key=None):
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", "Bearer " + token)
        if key:
            request.add_header("Idempotency-Key", key)
        data = json.dumps(body or {}).encode() if method == "POST" else None
        try:
            with urllib.request.urlopen(request, data, timeout=30, context=trust) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)
        except (OSError, json.JSONDecodeError):
            self.revive()
            return self.call(method, path, body, key)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def wait_until(service, request, good, seconds):
    end = time.monotonic() + seconds
    while True:
        if service.process.poll() is not None:
            service.revive()
        _, now = service.call("GET", f"/v1/requests/{request}")
        if good(now):
            return now
        assert time.monotonic() < end, f"it stays so: {now}"
        time.sleep(0.2)


def active(now):
    return now["state"] == "active" and all(i["state"] == "active" for i in now["instances"])


def live(service):
    body = {"account": "123456789012", "region": region, "instances": [instance], "reason": "kills", "duration_s": 600}
    status, made = service.call("POST", "/v1/requests", body, str(uuid.uuid4()))
    assert status == 201, made
    request = made["id"]
    wait_until(service, request, active, 90)
    end = made["ends_at"]
    status, now = service.call("POST", f"/v1/requests/{request}/extend", {"ends_at": end + 60})
    assert status == 200 and now["ends_at"] == end + 60, now
    wait_until(service, request, active, 90)
    if end_by == "expire":
        expire(request)
        return wait_until(service, request, lambda now: now["state"] == "expired", 90)
    status, answer = service.call("POST", f"/v1/requests/{request}/complete")
    assert status == 200, answer
    return wait_until(service, request, lambda now: now["state"] == "completed", 90)


def expire(request):
    with sqlite3.connect(work / "state/passport.db", timeout=30) as db:
        db.execute("UPDATE access_request SET ends_at = ?1, next_at = ?1 WHERE id = ?2",
                   (int(time.time() * 1000), request))


def run_on_instance(command):
    aws = ["aws", "ssm", "--output", "text"]
    sent = subprocess.run([*aws, "send-command", "--instance-ids", instance, "--document-name", "AWS-RunShellScript",
                           "--parameters", json.dumps({"commands": [command]}), "--query", "Command.CommandId"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    for _ in range(50):
        answer = subprocess.run([*aws, "get-command-invocation", "--command-id", sent, "--instance-id", instance,
                                 "--query", "[Status,StandardOutputContent]"], stdout=subprocess.PIPE, text=True).stdout
        if answer.startswith("Success"):
            return answer.split(None, 1)[1] if len(answer.split(None, 1)) > 1 else ""
        time.sleep(0.1)
    raise AssertionError("the instance does not answer")


def check_logbook():
    db = sqlite3.connect(work / "state/passport.db")
    rows = db.execute("SELECT sequence, previous, hash FROM logbook ORDER BY sequence").fetchall()
    previous = "0" * 64
    for at, (sequence, before, digest) in enumerate(rows, 1):
        assert sequence == at and before == previous, f"the Logbook breaks at {sequence}"
        previous = digest
    wanted = {"request.create", "user.provision", "user.active", "request.active", "request.extend",
              f"request.{end_by}", "user.remove", "user.removed", f"request.{end_by}d"}
    for request, in db.execute("SELECT id FROM access_request"):
        seen = {action for action, in db.execute("SELECT action FROM logbook WHERE object = ?", (request,))}
        assert wanted <= seen, f"{request}: no {wanted - seen} in the Logbook"
    open_requests = db.execute("SELECT count(*) FROM access_request WHERE finished_at = 0").fetchone()[0]
    assert open_requests == 0, f"{open_requests} requests are not over"


kills = 0
for place in range(first, last + 1, step):
    started = time.monotonic()
    service = Service(place)
    live(service)
    service.stop()
    users = run_on_instance("getent passwd | grep -c ^rs- || true").strip()
    assert users == "0", f"place {place}: {users} users are left"
    check_logbook()
    kills += service.killed
    print(f"ok: place {place}{'' if service.killed else ': not reached'} ({time.monotonic() - started:.0f} s)", flush=True)
    if not service.killed:
        break
print(f"ok: {kills} kills")
