#!/bin/bash
# What passport-proxy says when something is wrong: one line and the right status, at most one hint, and
# nothing on standard output.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# The command line.
expect 64 'TARGET is missing'
expect 64 'is not an instance id' web-1
expect 64 'is not an instance id' 'i-0123456789abcdef0;id'
expect 64 'port 0 is not within' i-0123456789abcdef0 0
expect 64 'payload-size 65537' --payload-size 65537 i-0123456789abcdef0
expect 64 'unrecognised option' --payload i-0123456789abcdef0
expect 64 'too many positional' i-0123456789abcdef0 22 23
for option in --help --version; do
  "$proxy" "$option" >"$work/out" 2>"$work/err" || fail "$option fails"
  [[ -s $work/out && ! -s $work/err ]] || fail "$option does not print to standard output"
done
ok "--help and --version"

# Settings and credentials.
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION
unset "${!AWS_@}"
export AWS_EC2_METADATA_DISABLED=true
expect 78 'no region' i-0123456789abcdef0
export AWS_REGION=eu-west-1
expect 77 'no AWS credentials found' i-0123456789abcdef0
expect 78 '"nobody"' --profile nobody i-0123456789abcdef0
AWS_CA_BUNDLE=/nonexistent expect 78 '/nonexistent' i-0123456789abcdef0

start_lab --offline i-000000000000000ff --old-agent i-000000000000000ee=2.3.600.0 \
  --never-attach i-000000000000000dd
expect 69 'i-0123456789abcdef0: Systems Manager does not know this instance in eu-west-1' i-0123456789abcdef0
expect 69 'i-000000000000000ff: the instance is offline (ConnectionLost, last heard of' i-000000000000000ff
expect 69 'its SSM agent 2.3.600.0 is older than 2.3.672.0' i-000000000000000ee
expect 69 'the port on the instance is closed or does not answer' "$instance" 2
echo hello >"$work/hello"
input=$work/hello expect 69 'the port on the instance is closed or does not answer' "$instance" 2
expect 75 'the agent on the instance did not attach' i-000000000000000dd
AWS_SECRET_ACCESS_KEY=wrong expect 77 'aws: ' "$instance"
AWS_ACCESS_KEY_ID=AKIAUNKNOWN expect 77 'aws: UnrecognizedClientException' "$instance"
AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt expect 69 'certificate' "$instance"
AWS_ENDPOINT_URL=https://127.0.0.1:1 expect 69 'onnection refused' "$instance"
AWS_ENDPOINT_URL=https://no-such-host.invalid expect 69 'no-such-host.invalid' "$instance"
expect 78 'InvalidDocument' --document Nonsense "$instance"

# Standard descriptors that cannot be used.
rc=0
"$proxy" "$instance" </ >"$work/out" 2>"$work/err" || rc=$?
[[ $rc == 69 && $(cat "$work/err") == *'cannot read standard input'* ]] || fail "a directory as input: $rc $(cat "$work/err")"
rc=0
sleep 20 | timeout 15 "$proxy" "$instance" >/dev/full 2>"$work/err" || rc=$?
[[ $rc == 69 && $(cat "$work/err") == *'cannot write standard output'* ]] || fail "a full disk: $rc $(cat "$work/err")"
rc=0
timeout 15 "$proxy" "$instance" <&- >&- 2>"$work/err" || rc=$?
[[ $rc == 0 && ! -s $work/err ]] || fail "closed descriptors: $rc $(cat "$work/err")"
ok "standard descriptors"
stop_lab

start_lab --deny ssm:StartSession
expect 77 'is not authorized to perform: ssm:StartSession' "$instance"
stop_lab
start_lab --expired
expect 77 'xpired' "$instance"
stop_lab
start_lab --throttle 1000
set -m  # else bash starts it with SIGINT ignored
"$proxy" "$instance" </dev/null >"$work/out" 2>"$work/err" &
set +m
wait_for 30 grep -q 'aws throttles StartSession; trying again' "$work/err" || fail "throttled: said '$(cat "$work/err")'"
kill -INT $!
rc=0
wait $! || rc=$?
[[ $rc == 130 ]] || fail "throttled, interrupted: status $rc: $(cat "$work/err")"
ok "throttled, said and interrupted"
stop_lab
start_lab --throttle 1
ssh -F "$config" "$instance" true || fail "one throttled call is not tried again"
ok "throttled once"
stop_lab
start_lab --close-after 1500
rc=0
sleep 30 | timeout 25 "$proxy" "$instance" >"$work/out" 2>"$work/err" || rc=$?
[[ $rc == 69 ]] || fail "ended by the service: status $rc"
grep -q 'the service ended the session: ' "$work/err" || fail "ended by the service: $(cat "$work/err")"
ok "$(cat "$work/err")"
stop_lab
