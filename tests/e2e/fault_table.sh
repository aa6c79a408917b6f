#!/bin/bash
# What each of the lab's faults comes to: the message and the status of the proxy, or that nothing is noticed.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# with FAULT...: these faults and no others.
with() {
  "$lab" fault --state "$state" clear >/dev/null
  "$lab" fault --state "$state" cut-times=1 "$@" >/dev/null || fail "fault $*"
}
# unnoticed FAULT...: ssh runs its command all the same.
unnoticed() {
  with "$@"
  [[ $(timeout 60 ssh -F "$config" "$instance" echo fine 2>"$work/err") == fine ]] || fail "$*: $(cat "$work/err")"
  ok "unnoticed: $*"
}
statement() { printf '{"Version":"2012-10-17","Statement":[%s]}' "$1" >"$work/$2.json"; }

start_lab --seed 5
any='{"Effect":"Allow","Action":"*","Resource":"*"}'
statement "$any,"'{"Effect":"Deny","Action":"ssm:StartSession","Resource":"*"}' deny
statement '{"Effect":"Allow","Action":"ssm:Describe*","Resource":"*"}' little
statement '{"Effect":"Allow","Action":"ssm:StartSession","Resource":"arn:aws:ec2:*:*:instance/i-0000000000000dead"}' other
statement "$any,"'{"Effect":"Deny","Action":"ssm:ResumeSession","Resource":"*"}' stay

# Refused at the start.
with deny=ssm:StartSession && expect 77 'is not authorized to perform: ssm:StartSession' "$instance"
with "policy=lab:$work/deny.json" && expect 77 'with an explicit deny' "$instance"
with "policy=lab:$work/little.json" && expect 77 'no identity-based policy allows the ssm:StartSession action' "$instance"
with "policy=lab:$work/other.json" && expect 77 "instance/$instance" "$instance"
with expired=on && expect 77 'xpired' "$instance"
with never-attach="$instance" && expect 75 'did not attach' "$instance"
with close-after=300 'close-words=maintenance tonight' &&
  expect 69 'the service ended the session: maintenance tonight' "$instance" 9

# A connection that breaks, and may not be resumed.
with to-agent-cut=400 && expect 69 'the connection broke (websocket code 1006' --resume-for 0 "$instance" 9
with to-agent-cut=400 cut-resets=off && expect 69 'the connection broke (websocket code 1006' --resume-for 0 "$instance" 9
with to-client-cut=300 && expect 69 'the connection broke (websocket code 1006' --resume-for 0 "$instance" 9
for code in 1000 1001 1008 1011 1012; do
  with close-every=300 close-code=$code close-reason=oops &&
    expect 69 "websocket code $code: oops" --resume-for 0 "$instance" 9
done
with close-every=300 close-code=1006 && expect 69 'websocket code 1006' --resume-for 0 "$instance" 9

# One whose resumption is refused.
with to-agent-cut=400 refuse-resume=gone && expect 69 'and the session is gone' "$instance" 9
with to-agent-cut=400 refuse-resume=denied && expect 77 'could not be resumed' --resume-for 2s "$instance" 9
with to-agent-cut=400 refuse-resume=expired && expect 77 'could not be resumed' --resume-for 2s "$instance" 9
with to-agent-cut=400 deny=ssm:ResumeSession && expect 77 'ssm:ResumeSession' --resume-for 2s "$instance" 9
with to-agent-cut=400 "policy=lab:$work/stay.json" && expect 77 'ssm:ResumeSession' --resume-for 2s "$instance" 9

# What nobody notices.
unnoticed to-agent-cut=400
unnoticed to-agent-cut=1500 cut-resets=off
unnoticed to-client-cut=300 cut-times=3
unnoticed to-client-cut=3000
unnoticed close-every=150
unnoticed close-every=200 close-code=1011
unnoticed close-every=200 close-code=1006
unnoticed to-agent-cut=900 refuse-resume=denied:1
unnoticed to-agent-cut=900 refuse-resume=expired:1
unnoticed throttle=2
unnoticed clock-skew=7200
unnoticed clock-skew=-7200
unnoticed to-client-drop=5 to-agent-drop=5
unnoticed to-client-duplicate=20 to-agent-duplicate=20
unnoticed to-client-delay=0-50 to-agent-delay=0-50 to-client-reorder=50 to-agent-reorder=50
unnoticed to-client-corrupt=3
unnoticed to-client-split=7
stop_lab
