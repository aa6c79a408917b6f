#!/bin/bash
# passportd over the lab: a request from its creation to its end, by the API.
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
instances=2
start_lab --region eu-west-1
configure
use_policies
start_service -v

# on INSTANCE COMMAND: as root there, by Run Command.
has_user() {
  local id
  id=$(aws ssm send-command --instance-ids "$1" --document-name AWS-RunShellScript \
    --parameters "commands=[\"id $2 || true\"]" --query Command.CommandId --output text) || return 1
  sleep 0.5
  [[ $(aws ssm get-command-invocation --command-id "$id" --instance-id "$1" --query StandardOutputContent --output text) == uid=* ]]
}

id=$(call ann POST /v1/requests "$(wish 600)" | field '["id"]')
wait_for 30 all_are "$id" active || fail "not active: $(call ann GET "/v1/requests/$id")"
is "$id" active || fail "$(state_of "$id")"
user=$(call ann GET "/v1/requests/$id" | field '["user"]')
[[ $user == rs-* ]] || fail "user $user"
ok "users on both instances"

# A certificate, and ssh with pinned host keys through the tunnel.
ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/key"
certify
know_hosts
for instance in "${ids[@]}"; do
  [[ $(enter "$instance" id -un) == "$user" ]] || fail "ssh to $instance: $(cat "$work/ssh.err")"
done
ok "ssh with a certificate, host keys known"
who=eve enter "$instance" true && fail "eve's token got a session"
[[ $(cat "$work/ssh.err") == *"the service says: you may not do that"* ]] || fail "eve: $(cat "$work/ssh.err")"
wait_for 5 test "$(audited ssm:TerminateSession)" = 2 || fail "$(audited ssm:TerminateSession) sessions ended"
ok "sessions through the service"

# A session that breaks again and again, and what the Logbook has of it: the bytes that went through it.
# claimed SESSION...: what was reported of these, one line of JSON each.
claimed() {
  "$build/service/passport-logbook" show --json --object "$id" --database "sqlite:$work/state/passport.db" |
    python3 -c '
import json, sys
for record in map(json.loads, sys.stdin):
    details = json.loads(record["details"])
    if record["action"] == "session.report" and details["session"] in sys.argv[1:]:
        assert record["actor"] == "ann" and record["outcome"] == "ok", record
        print(json.dumps(details["claimed"]))' "$@"
}
newest_session() { sqlite3 "$work/state/passport.db" 'SELECT id FROM ssm_session ORDER BY started_at DESC LIMIT 1'; }
printf '#!/bin/sh\ntee %s/to | "$@" | tee -p %s/from\n' "$work" "$work" >"$work/count"
chmod +x "$work/count"
"$lab" fault --state "$state" close-every=700 >/dev/null
counted=$work/count enter "$instance" 'head -c 200000 /dev/zero; sleep 4' >"$work/zeros" &
running=$!
broken() { (($(audited ssm:ResumeSession) >= 2)); }
wait_for 20 broken || fail "no session breaks: $(cat "$work/ssh.err")"
"$lab" fault --state "$state" close-every= >/dev/null
wait "$running" || fail "a session that breaks: $(cat "$work/ssh.err")"
[[ $(stat -c %s "$work/zeros") == 200000 ]] || fail "of 200000 bytes came $(stat -c %s "$work/zeros")"
session=$(newest_session)
reported() { [[ -n $(claimed "$session") ]]; }
wait_for 5 reported || fail "no report of $session: $(cat "$work/ssh.err")"
claimed "$session" | python3 -c '
import json, os, sys
claimed = json.load(sys.stdin)
went = {"bytes_sent": os.path.getsize(sys.argv[1]), "bytes_received": os.path.getsize(sys.argv[2])}
assert went["bytes_received"] > 200000 and went.items() <= claimed.items(), (went, claimed)
assert claimed["resumes"] >= 1, claimed
assert claimed["reason"] in ("end of input", "closed by the server", "closed by the client"), claimed' "$work/to" "$work/from" ||
  fail "report: $(claimed "$session"), $(stat -c %s "$work/to" "$work/from")"
(($(sqlite3 "$work/state/passport.db" "SELECT resumes FROM ssm_session WHERE id = '$session'") >= 1)) || fail "the service saw no resume"
ok "bytes, resumes and reason are in the Logbook: $(claimed "$session")"
mkfifo "$work/fifo"
greeted() { [[ -s $work/greeting ]]; }
# open_session: the proxy alone, once sshd has spoken; its input is descriptor 8, its process $running.
open_session() {
  rm -f "$work/greeting"
  "$proxy" --service "$url" --service-ca "$work/tls.pem" --token-file "$work/ann" --request "$id" "$instance" 22 \
    <"$work/fifo" >"$work/greeting" 2>"$work/err" &
  running=$!
  exec 8>"$work/fifo"
  wait_for 20 greeted || fail "no greeting of sshd: $(cat "$work/err")"
}
open_session
kill -TERM "$running"
wait "$running" && fail "the signal did not end it"
exec 8>&-
[[ $(claimed "$(newest_session)") == *'"signal TERM"'* ]] || fail "after a signal: $(claimed "$(newest_session)")"
open_session
kill -STOP "$service"
started=$SECONDS
kill -TERM "$running"
wait "$running" && fail "the signal did not end it"
exec 8>&-
kill -CONT "$service"
((SECONDS - started <= 4)) || fail "the proxy waited $((SECONDS - started)) s for a service that does not answer"
ok "reports after a signal, and no wait for a service that does not answer ($((SECONDS - started)) s)"

# Nobody else.
for path in "" /extend /complete /certificates /sessions; do
  method=POST
  [[ -n $path ]] || method=GET
  [[ $(status eve "$method" "/v1/requests/$id$path") == 403 ]] || fail "eve: $path"
done
is "$id" active || fail "eve changed it"
ok "foreign requests"

# Longer.
before=$(call ann GET "/v1/requests/$id" | field '["ends_at"]')
[[ $(status ann POST "/v1/requests/$id/extend" '{"duration_s":600}') == 200 ]] || fail "extend"
wait_for 30 all_are "$id" active || fail "after extend: $(call ann GET "/v1/requests/$id")"
[[ $(call ann GET "/v1/requests/$id" | field '["ends_at"]') == $((before + 600)) ]] || fail "not longer"
[[ $(enter "$instance" echo in) == in ]] || fail "after extend: $(cat "$work/ssh.err")"
ok "extend"

# The rest of what the API offers; each call is held against its description.
for path in /healthz /readyz /metrics /v1/openapi.json /v1/token /v1/accounts /v1/access /v1/authorities /v1/revocations /v1/requests; do
  [[ $(status ann GET "$path") == 200 ]] || fail "GET $path"
done
for path in /v1/accounts /v1/access /v1/authorities /v1/requests "/v1/requests/$id"; do
  [[ $(status - GET "$path") == 401 ]] || fail "GET $path without a token"
done
[[ $(status eve POST "/v1/requests/$id/approve") == 403 && $(status eve POST "/v1/requests/$id/deny") == 403 ]] || fail "approve"
[[ $(status ann POST /v1/requests '{"account":"123456789012"}') == 400 ]] || fail "an unusable wish"
sessions=/v1/requests/$id/sessions
session=$(call ann POST "$sessions" "{\"instance\":\"${ids[0]}\"}" | field '["session"]')
[[ $(status ann POST "$sessions/$session/resume") == 200 ]] || fail "resume"
[[ $(status ann POST "$sessions/$session/report" '{"bytes_sent":1,"bytes_received":2,"resumes":0,"reason":"a test"}') == 200 ]] || fail "report"
[[ $(status ann POST "$sessions/$session/terminate") == 200 ]] || fail "terminate"
[[ $(status ann POST "$sessions/$session/resume") == 409 ]] || fail "resume after the end"
[[ $(status eve POST /v1/token/revoke) == 200 && $(status eve GET /v1/token) == 401 ]] || fail "revoke"
ok "every route as it is described"

# What the account's IAM does not allow is told: which action, on which instance.
cat >"$work/little.json" <<EOF
{"Version": "2012-10-17", "Statement": [
 {"Effect": "Allow", "Action": ["ssm:*", "ssmmessages:*"], "Resource": "*"},
 {"Effect": "Deny", "Action": "ssm:StartSession", "Resource": "arn:aws:ec2:*:*:instance/${ids[1]}"}]}
EOF
"$lab" fault --state "$state" "policy=role/passport:$work/little.json" >/dev/null
enter "${ids[1]}" true && fail "IAM said no"
said=$(grep -v '^kex_exchange\|^Connection closed' "$work/ssh.err")
[[ $said == *"ssm:StartSession on ${ids[1]}: account 123456789012 does not allow it: aws: AccessDenied"* ]] || fail "IAM: $said"
[[ $(enter "${ids[0]}" echo in) == in ]] || fail "IAM allows this one: $(cat "$work/ssh.err")"
use_policies
ok "IAM's no"

# Its end: logins refused, what runs is ended, the user is gone.
enter "$instance" sleep 300 &
running=$!
sleep 1
started=$SECONDS
[[ $(status ann POST "/v1/requests/$id/complete") == 200 ]] || fail "complete"
wait_for 10 is "$id" completed || fail "not completed: $(call ann GET "/v1/requests/$id")"
ended() { ! kill -0 "$running" 2>/dev/null; }
wait_for 5 ended || fail "the running ssh goes on"
((SECONDS - started <= 30)) || fail "it took $((SECONDS - started)) s"
enter "$instance" true && fail "login after the end"
for instance in "${ids[@]}"; do
  if has_user "$instance" "$user"; then fail "$user is still on $instance"; fi
done
ok "complete ($((SECONDS - started)) s)"

# A service that dies in the middle leaves nothing undone.
id=$(call ann POST /v1/requests "$(wish 600)" | field '["id"]')
stop_service KILL
start_service -v
wait_for 60 all_are "$id" active || fail "after a kill: $(call ann GET "/v1/requests/$id")"
live=$(call ann GET "/v1/requests/$id" | field '["user"]')
ok "killed and started again"

# Its time, with nobody there to end it.
id=$(call ann POST /v1/requests "$(wish 60)" | field '["id"]')
wait_for 30 all_are "$id" active || fail "short: $(call ann GET "/v1/requests/$id")"
user=$(call ann GET "/v1/requests/$id" | field '["user"]')
end=$(call ann GET "/v1/requests/$id" | field '["ends_at"]')
stop_service
gone() { ! has_user "${ids[0]}" "$user" && ! has_user "${ids[1]}" "$user"; }
wait_for 120 gone || fail "$user is still there at $(($(date +%s) - end)) s after its end"
(($(date +%s) - end <= 60)) || fail "gone only $(($(date +%s) - end)) s after its end"
ok "expiry with the service stopped ($(($(date +%s) - end)) s after the end)"
start_service -v
wait_for 60 is "$id" expired || fail "$(call ann GET "/v1/requests/$id")"
ok "expired"

# What was left behind on an instance is found: a user without a request goes, one with a live request stays.
aws ssm send-command --instance-ids "${ids[0]}" --document-name AWS-RunShellScript \
  --parameters 'commands=["useradd -G passport rs-0000stray"]' >/dev/null
is_there() { has_user "${ids[0]}" rs-0000stray; }
wait_for 10 is_there || fail "no stray user was made"
sqlite3 "$work/state/passport.db" 'PRAGMA busy_timeout = 10000; UPDATE instance_sweep SET next_at = 1' >/dev/null
swept() { ! is_there; }
wait_for 40 swept || fail "a stray user stays: $(tail -n 5 "$work/passportd.log")"
has_user "${ids[0]}" "$live" || fail "$live is gone, whose request is active"
in_logbook() {
  "$build/service/passport-logbook" show --json --database "sqlite:$work/state/passport.db" >"$work/records"
  grep '"user.sweep"' "$work/records" | grep -q rs-0000stray
}
wait_for 10 in_logbook || fail "the sweep is not in the Logbook"
ok "sweep"
called=$(sort -u "$PASSPORT_CALLS")
described=$(grep -o '"operationId": "[^"]*"' "$here/../../service/openapi.json" | cut -d'"' -f4 | sort)
[[ $(comm -13 <(echo "$called") <(echo "$described") | paste -sd' ') == "approveRequest denyRequest" ]] ||
  fail "never succeeded: $(comm -13 <(echo "$called") <(echo "$described"))"

# All of that with the policies of passport-deploy(7): nothing was refused but where IAM was made to say no, and
# nothing was done in the service's name that is not by these roles.
python3 - "$state/audit.jsonl" "${ids[1]}" <<'PYTHON' || fail "audit"
import json, sys
refused = [e for e in map(json.loads, open(sys.argv[1])) if "AccessDenied" in e["result"] or "Unauthorized" in e["result"]]
assert {(e["action"], e["target"]) for e in refused} == {("ssm:StartSession", sys.argv[2])}, refused
calls = {}
for e in map(json.loads, open(sys.argv[1])):
    if ":assumed-role/" in e["principal"]:
        calls.setdefault(e["principal"].split("/")[1], set()).add(e["action"])
assert calls["passportd"] == {"sts:AssumeRole"}, calls
assert calls["passport"] >= {"ssm:SendCommand", "ssm:ListCommandInvocations", "ssm:StartSession", "ssm:ResumeSession",
                             "ssm:TerminateSession", "ssm:DescribeInstanceInformation", "ec2:DescribeInstances"}, calls
PYTHON
# Users with credentials of their own and the policy for them: ssh, and nothing else.
"$lab" fault --state "$state" "policy=lab:$(readlink -f "$here/../../service/iam/user.json")" >/dev/null
[[ $(ssh -F "$config" "${ids[0]}" echo in) == in ]] || fail "ssh without the service, by user.json"
aws ssm send-command --instance-ids "${ids[0]}" --document-name AWS-RunShellScript --parameters 'commands=["id"]' \
  >/dev/null 2>"$work/err" && fail "user.json allows commands"
[[ $(cat "$work/err") == *AccessDenied* ]] || fail "$(cat "$work/err")"
ok "the policies of passport-deploy(7)"
stop_service
stop_lab
