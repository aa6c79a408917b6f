#!/bin/bash
# passport-lab fault: what it takes, refuses and shows, and that a change counts at once.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

fault() { "$lab" fault --state "$state" "$@"; }
# refused STATUS TEXT ARGUMENT...: one line of it, nothing on standard output, nothing changed.
refused() {
  local status=$1 text=$2 rc=0
  shift 2
  fault "$@" >"$work/out" 2>"$work/err" || rc=$?
  [[ $rc == "$status" ]] || fail "fault $*: status $rc, not $status: $(cat "$work/err")"
  [[ ! -s $work/out ]] || fail "fault $*: wrote to standard output"
  grep -qF -- "$text" "$work/err" || fail "fault $*: said '$(cat "$work/err")', not '$text'"
  [[ $(grep -vc '^passport-lab: hint: ' "$work/err") == 1 ]] || fail "fault $*: more than one line"
}

refused 69 'not up' show
start_lab --seed 7 --to-client-drop 0 --deny ssm:DescribeSessions --expired
[[ $(fault show) == $'seed 7\ndeny ssm:DescribeSessions\nexpired on' ]] || fail "show: $(fault show)"
[[ $(fault clear) == 'seed 7' ]] || fail "clear"
[[ $(stat -c '%a %F' "$state/control") == '600 socket' ]] || fail "the socket: $(stat -c '%a %F' "$state/control")"
[[ $("$lab" --help) == *'--to-client-drop PERCENT'* ]] || fail "--help does not name the faults"
page=$(dirname "$0")/../../man/passport-lab.1
for fault in $("$lab" --help | sed -n '/^faults/,$ s/^ *--\([a-z-]*\) .*/\1/p'); do
  grep -q "^\.It Cm $fault " "$page" || fail "the man page does not name $fault"
done
ok "options of up, show, clear"

refused 64 'want NAME=VALUE, show or clear'
refused 64 '"expired" is no NAME=VALUE' expired
refused 64 '"nonsense" is no fault' nonsense=1
refused 64 'to-client-drop "101": want a number from 0 to 100' to-client-drop=101
refused 64 'refuse-resume "never"' expired=on refuse-resume=never
refused 64 '"web-1" is not an instance id' never-attach=web-1
refused 69 'is no instance of this lab' never-attach=i-0000000000000dead
refused 69 'is no instance of this lab' stall-sshd=i-0000000000000dead
refused 69 '/nonexistent' policy=lab:/nonexistent
echo '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*"}}' >"$work/bad.json"
refused 65 'a statement without Action or Resource' "policy=lab:$work/bad.json"
[[ $(fault show) == 'seed 7' ]] || fail "a refused change changed something: $(fault show)"
rc=0
"$lab" up --state "$work/other" --half-open 5 >"$work/out" 2>"$work/err" || rc=$?
[[ $rc == 64 ]] || fail "up --half-open: $rc"
ok "refusals"

# What a client that is not ours says.
python3 - "$state/control" <<'PYTHON' || fail "the control socket"
import json, socket, sys
def say(data):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(sys.argv[1])
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: s.recv(65536), b""))
    except OSError:
        return b""
for bad in (b"\n", b"nonsense\n", b"[]\n", b"{}\n", b'{"set":[["expired"]]}\n', b'{"set":[["expired",1]]}\n'):
    answer = json.loads(say(bad))
    assert answer["error"] and answer["status"] == 65, answer
assert say(b"") == b"" and say(b'{"show":true}') == b""  # no whole line
assert say(b"x" * (1 << 20)) == b""
assert json.loads(say(b'{"show":true}\n')) == {"faults": [["seed", "7"]]}
PYTHON
ok "bounded lines"

# A change counts at once, for every kind of credential.
run() { ssh -F "$config" "$instance" "$@"; }
run true || fail "ssh"
fault deny=ssm:StartSession >/dev/null
if run true 2>"$work/err"; then fail "a denied call"; fi
grep -q 'is not authorized to perform: ssm:StartSession' "$work/err" || fail "denied: $(cat "$work/err")"
fault deny= start-rate=1000 clock-skew=200 >/dev/null
run true || fail "no longer denied"
[[ $(fault --json show) == '{"seed":"7","clock-skew":"200","start-rate":"1000"}' ]] || fail "--json: $(fault --json show)"
fault clear >/dev/null
ok "changes count at once"

cat >"$work/policy.json" <<JSON
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "ssm:StartSession",
   "Resource": ["arn:aws:ec2:*:*:instance/$instance", "arn:aws:ssm:*::document/AWS-StartSSHSession"],
   "Condition": {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}},
  {"Effect": "Allow", "Action": ["ssm:ResumeSession", "ssm:TerminateSession", "ssmmessages:OpenDataChannel"],
   "Resource": "arn:aws:ssm:*:*:session/\${aws:username}-*"}]}
JSON
fault "policy=lab:$work/policy.json" >/dev/null
run true || fail "what a policy allows"
rc=0
"$proxy" --document AWS-StartPortForwardingSession "$instance" </dev/null >"$work/out" 2>"$work/err" || rc=$?
[[ $rc == 77 ]] || fail "a document that the policy does not name: $rc $(cat "$work/err")"
grep -q 'document/AWS-StartPortForwardingSession because no identity-based policy allows' "$work/err" ||
  fail "a document that the policy does not name: $(cat "$work/err")"
if grep -q '"action":"ssm:TerminateSession".*AccessDenied' "$state/audit.jsonl"; then fail "own sessions"; fi
fault policy= >/dev/null
ok "policies"

# An agent at the real one's pace: 1,024 bytes a millisecond.
fault agent-pace=1 >/dev/null
started=$(date +%s%N)
[[ $("$proxy" "$instance" 19 </dev/null | head -c 524288 | wc -c) == 524288 ]] || fail "a paced agent"
(($(date +%s%N) - started >= 512000000)) || fail "512 KiB in less than 512 ms"
fault agent-pace= >/dev/null
ok "a paced agent"

# sshd stopped: a session waits and loses nothing, a new one waits for its banner.
fault "stall-sshd=$instance" >/dev/null
run 'echo on' >"$work/out" &
pid=$!
sleep 1
[[ ! -s $work/out ]] || fail "a stopped sshd answered"
fault stall-sshd= >/dev/null
wait "$pid" || fail "sshd did not go on"
[[ $(cat "$work/out") == on ]] || fail "sshd went on wrongly"
ok "a stalled sshd"
stop_lab
