#!/bin/bash
# How a session ends: nothing is lost, nothing hangs, nothing is left at the service.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
connects=${PASSPORT_CONNECTS:-50}

start_lab --agent-payload-size 65536
ended() { [[ $(audited ssm:TerminateSession) == "$1" ]]; }

# start_proxy PORT: runs in the background with its input open as descriptor 3, $pid its process; waits
# for the server's first bytes.
start_proxy() {
  rm -f "$work/in" "$work/out" "$work/err"
  mkfifo "$work/in"
  set -m  # else bash starts it with SIGINT ignored
  "$proxy" ${2:+"$2"} "$instance" "$1" <"$work/in" >"$work/out" 2>"$work/err" &
  pid=$!
  set +m
  exec 3>"$work/in"
  wait_for 10 test -s "$work/out" || fail "no first byte: $(cat "$work/err")"
}

# The port closes: the proxy exits at once although its input stays open.
start_proxy 22
printf 'not the SSH protocol\r\n' >&3
start=${EPOCHREALTIME/./}
rc=0
wait "$pid" || rc=$?
exec 3>&-
[[ $rc == 0 ]] || fail "the port closed: status $rc, $(cat "$work/err")"
((${EPOCHREALTIME/./} - start < 5000000)) || fail "the port closed: the proxy lingers"
ok "port closed"

# Signals.
number=0
for signal in HUP INT TERM; do
  start_proxy 22
  kill "-$signal" "$pid"
  rc=0
  wait "$pid" 2>/dev/null || rc=$?
  exec 3>&-
  number=$((number + 1))
  [[ $rc == $((128 + $(kill -l "$signal"))) ]] || fail "SIG$signal: status $rc"
  [[ ! -s $work/err ]] || fail "SIG$signal: said $(cat "$work/err")"
  ended "$number" || fail "SIG$signal: TerminateSession was not called"
  ok "SIG$signal"
done

# The end of input: what was sent arrives, what still comes is delivered.
head -c 5000000 /dev/urandom >"$work/data"
timeout 60 "$proxy" "$instance" 7 <"$work/data" >"$work/echo" || fail "the echo port: status $?"
same "$work/data" "$work/echo"
number=$((number + 1))
ended "$number" || fail "the end of input: TerminateSession was not called"
ok "end of input"

# Nobody reads the output any more.
timeout 30 "$proxy" "$instance" 19 </dev/null | head -c 1000000 | wc -c >"$work/count"
[[ $(cat "$work/count") == 1000000 ]] || fail "the source port"
number=$((number + 1))
wait_for 10 ended "$number" || fail "a closed output: TerminateSession was not called"
ok "output closed"

# ssh is killed: its proxy notices.
ssh -F "$config" "$instance" sleep 100 &
pid=$!
started() { proxy_of_ssh=$(pgrep -P "$pid"); }
wait_for 10 started || fail "no proxy"
sleep 0.5
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
number=$((number + 1))
wait_for 10 ended "$number" || fail "ssh killed: TerminateSession was not called"
gone() { ! grep -qs . "/proc/$proxy_of_ssh/cmdline"; } # empty while nobody has waited for it
wait_for 10 gone || fail "ssh killed: the proxy stays"
ok "ssh killed"

# Many in a row: none lost, nothing but the server's bytes on standard output.
run_one() {
  printf 'SSH-2.0-probe\r\n' | timeout 20 "$proxy" "$instance" 22 2>"$work/err" | head -c 8
}
for ((i = 0; i < connects; i++)); do
  got=$(run_one)
  [[ $got == SSH-2.0- && ! -s $work/err ]] || fail "connection $i: '$got' $(cat "$work/err")"
done
ok "$connects connects in a row"

# No secret in the environment of anything, in arguments, in logs or at any verbosity.
start_proxy 22 -vv
tr '\0' '\n' <"/proc/$pid/cmdline" >"$work/cmdline"
kill -TERM "$pid"
wait "$pid" || true
exec 3>&-
for file in "$work/err" "$work/cmdline" "$state/lab.log" "$state/audit.jsonl"; do
  if grep -qE "$AWS_SECRET_ACCESS_KEY|TokenValue|X-Amz-Signature|Signature=" "$file"; then fail "a secret in $file"; fi
done
ok "no secret told"

before=$(pgrep -fc 'passport-(lab|proxy)' || true)
stop_lab
after=$(pgrep -f "$state" || true)
[[ -z $after ]] || fail "left running: $after of $before"
if grep -q "$state" /proc/mounts; then fail "left mounted"; fi
ok "the lab leaves nothing"
