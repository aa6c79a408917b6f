#!/bin/bash
# Forwards without ssh: many connections over one session, each by itself.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
connections=${PASSPORT_CONNECTIONS:-1000}
old=i-00000000000000002
older=i-00000000000000003
connect() { timeout 200 python3 "$(dirname "$0")/connect.py" "$@"; }

# shellcheck disable=SC2034  # for start_lab
instances=3
start_lab --agent-payload-size 65536 --old-agent "$old=3.0.100.0,$older=3.1.0.0"

# start_forward LINES ARGUMENT...: in the background as $pid, with so many lines on standard output.
start_forward() {
  local lines=$1
  shift
  rm -f "$work/out" "$work/err"
  "$proxy" "$@" >"$work/out" 2>"$work/err" &
  pid=$!
  said_all() { [[ $(wc -l <"$work/out") == "$lines" ]]; }
  wait_for 20 said_all || fail "$*: said $(cat "$work/out" "$work/err")"
}
stop_forward() {
  kill -TERM "$pid"
  local rc=0
  wait "$pid" || rc=$?
  [[ $rc == 143 ]] || fail "the forward: status $rc, $(cat "$work/err")"
}
# at REMOTE: the local address that leads there.
at() { sed -n "s/^\(127.0.0.1:[0-9]*\) -> $1\$/\1/p" "$work/out" | head -n 1; }
sessions() { audited ssm:StartSession; }

# Several forwards at once: to this instance, by port 0, to another one, and a unix socket.
start_forward 6 -L 0:localhost:7 -L 0:127.0.0.1:19 -L 0:lab-2:22 -L 0:localhost:81 -L "$work/echo.sock:localhost:7" \
  -L '[::1]:0:localhost:9' "$instance"
echo=$(at localhost:7)
[[ $(sessions) == 5 ]] || fail "$(sessions) sessions for five ports"
[[ $(stat -c %a "$work/echo.sock") == 600 ]] || fail "the socket's mode"
[[ $(echo hello | connect talk "$work/echo.sock") == hello ]] || fail "the unix socket"
ssh-keyscan -t ed25519 -p "$(at lab-2:22 | cut -d: -f2)" 127.0.0.1 2>/dev/null | cut -d' ' -f2- >"$work/key"
grep -qFf "$work/key" <<<"$(grep -F "$old" "$state/known_hosts")" || fail "not lab-2's host key"
ok "a port, another host, a unix socket"

# What goes out comes back, whole, although the client ended its half first.
head -c 8000000 /dev/urandom >"$work/data"
connect talk "$echo" <"$work/data" >"$work/back" || fail "half-close"
same "$work/data" "$work/back"
ok "half-close"

[[ $(connect many "$echo" 20 20) == 20 ]] || fail "20 connections at once"
[[ $(connect many "$echo" "$connections" 40) == "$connections" ]] || fail "$connections connections"
descriptors() { find "/proc/$pid/fd" -type l | wc -l; }
few() { [[ $(descriptors) -lt 60 ]]; }
wait_for 5 few || fail "descriptors stay open: $(descriptors)"
ok "$connections connections"

# A refused port: that connection is reset, with a line; the others go on.
if connect talk "$(at localhost:81)" </dev/null 2>"$work/lost"; then fail "a closed port gave a connection"; fi
grep -q 'connection lost' "$work/lost" || fail "a closed port: $(cat "$work/lost")"
[[ $(grep -c 'localhost:81: the port refused a connection' "$work/err") == 1 ]] || fail "refused: $(cat "$work/err")"
[[ $(echo again | connect talk "$work/echo.sock") == again ]] || fail "the others, after a refusal"
ok "refused port"

# Another user of this machine is not let in.
if [[ $(id -u) == 0 ]]; then
  chmod 755 "$work"
  got=$(su nobody -s /bin/bash -c "exec 3<>/dev/tcp/${echo%:*}/${echo#*:} && echo theirs >&3 && timeout 5 head -n 1 <&3" 2>/dev/null || true)
  [[ -z $got ]] || fail "another user was let in: $got"
  grep -q "localhost:7: a connection of user $(id -u nobody) is refused" "$work/err" || fail "another user: $(cat "$work/err")"
  ok "another user"
fi

# A reader that stalls beside one that does not, which goes on. Other work on this machine may disturb a try.
size=400000000
source=$(at localhost:19)
beside_stalled() {
  alone=$(connect count "$source" "$size")
  connect stall "$source" 100 >/dev/null 2>&1 &
  local stalled=$!
  sleep 0.2
  beside=$(connect count "$source" "$size")
  kill "$stalled"
  wait "$stalled" 2>/dev/null || true
  awk -v a="$alone" -v b="$beside" 'BEGIN { exit !(a / b >= 0.25) }'
}
beside_stalled || beside_stalled || beside_stalled ||
  fail "beside a stalled reader: $beside s, alone: $alone s"
grep -q 'localhost:19: a connection is closed: its program does not read, and 16 MiB wait' "$work/err" ||
  fail "a stalled reader: $(cat "$work/err")"
ok "a stalled reader: $beside s beside it, $alone s alone"
# One that has stalled for long does not keep a new one waiting.
connect stall "$source" 100 >/dev/null 2>&1 &
stalled=$!
sleep 2
seconds=$(connect count "$source" 1000000)
kill "$stalled"
wait "$stalled" 2>/dev/null || true
awk -v s="$seconds" 'BEGIN { exit !(s < 10) }' || fail "after a stalled reader: $seconds s for 1 MB"
ok "a connection after a stalled one: $seconds s"
peak=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status")
((peak < 64 << 10)) || fail "$peak kB of memory"

# Bound before AWS is called: a port in use, a socket in use.
before=$(sessions)
expect 69 "cannot listen at \"$echo\": address already in use" -L "${echo#*:}:localhost:7" "$instance"
expect 69 "cannot listen at \"$work/echo.sock\": address already in use" -L "$work/echo.sock:localhost:7" "$instance"
[[ $(sessions) == "$before" ]] || fail "a session was started for a port in use"

terminated=$(audited ssm:TerminateSession)
stop_forward
[[ $(audited ssm:TerminateSession) == $((terminated + 5)) ]] || fail "sessions were not terminated"
[[ ! -e $work/echo.sock ]] || fail "the socket was left"
ok "the end"

# A socket that was left behind is taken over; JSON; ssh through a forward; other users let in.
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$work/echo.sock"
start_forward 2 --json --any-user -L "$work/echo.sock:localhost:7" -L 0:localhost:22 "$instance"
port=$(python3 -c 'import json, sys
for line in sys.stdin:
    forward = json.loads(line)
    assert forward["remoteHost"] == "localhost", line
    if forward["remotePort"] == 22: print(forward["port"])' <"$work/out")
[[ $(echo over | connect talk "$work/echo.sock") == over ]] || fail "the socket taken over"
[[ $(ssh -F "$config" -o ProxyCommand=none -o HostName=127.0.0.1 -o Port="$port" "$instance" echo over ssh) == "over ssh" ]] ||
  fail "ssh through a forward"
if [[ $(id -u) == 0 ]]; then
  got=$(su nobody -s /bin/bash -c "exec 3<>/dev/tcp/127.0.0.1/$port && timeout 5 head -c 4 <&3" || true)
  [[ $got == SSH- ]] || fail "--any-user: $got"
fi
stop_forward
ok "taken over, JSON, ssh, any user"

# Agents that do not know smux have one connection at a time; those that do not forward to others say so.
start_forward 1 -L 0:localhost:7 "$old"
grep -q 'one connection at a time: the SSM agent 3.0.100.0 is older than 3.0.222.0' "$work/err" || fail "$(cat "$work/err")"
[[ $(connect many "$(at localhost:7)" 20 5) == 20 ]] || fail "connections by turns"
stop_forward
ok "an agent without smux"
expect 69 "$older: its SSM agent 3.1.0.0 is older than 3.1.1374.0 and cannot forward to other hosts" \
  -L 0:lab-1:22 "$older"
start_forward 1 -L 0:nowhere.invalid:80 "$instance"
if connect talk "$(at nowhere.invalid:80)" </dev/null 2>/dev/null; then fail "a host that is not there"; fi
stop_forward

# One line, however many sessions fail.
expect 69 'Systems Manager does not know this instance' -L 0:a:1 -L 0:b:1 -L 0:c:1 i-0ffffffffffffffff
[[ $(grep -vc '^passport-proxy: hint: ' "$work/err") == 1 ]] || fail "more than one line: $(cat "$work/err")"

# Usage.
expect 64 '-L "80:h": not [BIND:]PORT:HOST:PORT' -L 80:h "$instance"
expect 64 '-L and PORT exclude each other' -L 80:h:80 "$instance" 22

# The session's end is told.
start_forward 1 -L 0:localhost:7 "$instance"
aws ssm terminate-session --session-id "$(grep -o '"session":"[^"]*"' "$state/audit.jsonl" | tail -n 1 | cut -d'"' -f4)" >/dev/null
rc=0
wait "$pid" || rc=$?
[[ $rc == 69 ]] || fail "the session's end: status $rc"
grep -q 'the session has ended, and its forwards with it' "$work/err" || fail "$(cat "$work/err")"
ok "the session's end"
stop_lab
