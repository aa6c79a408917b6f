#!/bin/bash
# Many proxies at once: those that keep to a rate, and those that AWS throttles.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
many=${PASSPORT_CONNECTS:-30}
export XDG_RUNTIME_DIR=$work/run
mkdir -m 700 "$XDG_RUNTIME_DIR"

mkfifo "$work/never"
exec 3<>"$work/never" # an input that does not end

# all_at_once OPTION...: so many proxies, each reading from the source port.
all_at_once() {
  local pids=() n
  for ((n = 0; n < many; n++)); do
    (
      bytes=$(timeout 250 "$proxy" "$@" "$instance" 19 <&3 2>"$work/err.$n" | head -c 1000 | wc -c)
      [[ $bytes == 1000 ]]
    ) &
    pids+=($!)
  done
  for n in "${!pids[@]}"; do
    wait "${pids[$n]}" || fail "number $n of $many: $(cat "$work/err.$n")"
  done
}
# The most StartSession calls within one second of the lab's clock.
most_a_second() {
  grep -F '"action":"ssm:StartSession"' "$state/audit.jsonl" | python3 -c '
import collections, json, sys
print(max(collections.Counter(json.loads(line)["time"] for line in sys.stdin).values()))'
}

start_lab --region eu-west-1
started=$SECONDS
first=$(python3 -c 'import time; print(time.monotonic_ns())')
all_at_once --start-rate 10
[[ $(audited ssm:StartSession) == "$many" ]] || fail "StartSession was called more often than needed"
# Turns are 100 ms apart; from its turn to its call each takes a time of its own.
turns=$(echo "$XDG_RUNTIME_DIR"/passport/starts-*)
(($(cut -d ' ' -f 2 "$turns") >= first + many * 100000000)) || fail "turns are not 100 ms apart: $(cat "$turns")"
most=$(most_a_second)
((most <= 20)) || fail "$most starts in a second"
ok "$many proxies with --start-rate 10: $((SECONDS - started)) s, at most $most starts in a second"
[[ $(stat -c %a "$XDG_RUNTIME_DIR/passport" "$XDG_RUNTIME_DIR"/passport/* | sort -u | tr '\n' ' ') == "600 700 " ]] ||
  fail "the turns are open to others"

if grep -qvE 'waiting [0-9]+ s more for a turn to start' "$work"/err.*; then fail "said $(sort -u "$work"/err.*)"; fi

works() {
  [[ $(timeout 30 "$proxy" --start-rate 10 "$instance" 19 <&3 2>"$work/err" | head -c 1000 | wc -c) == 1000 ]]
}
# A file that means nothing, and one that nobody lets go.
head -c 300 /dev/urandom >"$turns"
works || fail "a file that means nothing"
flock "$turns" sleep 60 &
holder=$!
locked() { ! flock -n "$turns" true; }
wait_for 5 locked || fail "no lock"
works || fail "a lock that is held"
grep -qF 'the turns are locked' "$work/err" || fail "nothing said: $(cat "$work/err")"
kill "$holder"
wait "$holder" 2>/dev/null || true
ok "a file that means nothing, and a lock that is held"

# expect TEXT: the proxy refuses with 78, saying so.
expect() {
  local rc=0
  "$proxy" --start-rate 10 "$instance" 7 </dev/null 2>"$work/err" || rc=$?
  [[ $rc == 78 ]] || fail "status $rc: $(cat "$work/err")"
  grep -qF -- "$1" "$work/err" || fail "said $(cat "$work/err")"
  ok "$1"
}
chmod 755 "$XDG_RUNTIME_DIR/passport"
expect 'other users may enter'
chmod 700 "$XDG_RUNTIME_DIR/passport"
rm "$turns"
ln -s "$work/elsewhere" "$turns"
expect 'starts-'
[[ ! -e $work/elsewhere ]] || fail "a symbolic link was followed"
XDG_RUNTIME_DIR='' HOME='' expect 'neither XDG_RUNTIME_DIR nor HOME is set'
rc=0
"$proxy" --start-rate 1001 "$instance" 2>"$work/err" || rc=$?
[[ $rc == 64 ]] || fail "--start-rate 1001: status $rc"
stop_lab

# Without a rate, against a service that throttles.
start_lab --throttle $((many * 3))
started=$SECONDS
all_at_once
[[ $(audited ssm:StartSession) == $((many * 4)) ]] || fail "$(audited ssm:StartSession) calls"
if grep -qvF 'aws throttles StartSession; trying again' "$work"/err.*; then fail "said $(sort -u "$work"/err.*)"; fi
ok "$many proxies, each throttled three times or so: $((SECONDS - started)) s"
stop_lab
