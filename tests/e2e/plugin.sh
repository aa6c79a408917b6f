#!/bin/bash
# Debian's AWS CLI with a link to passport-proxy in place of session-manager-plugin, over passport-lab: every
# document, terminals and their modes, exit statuses. In a network namespace with loopback alone.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
aws=/usr/bin/aws
here=$(dirname "$(readlink -f "$0")")

skip() {
  echo "$name: skipped: $*"
  exit 77
}
if [[ ${1:-} != --inside ]]; then
  [[ -x $aws ]] || skip "no $aws"
  user_namespace=()
  [[ $(id -u) == 0 ]] || user_namespace=(--map-root-user)
  unshare "${user_namespace[@]}" --net true 2>/dev/null || skip "no network namespace"
  exec unshare "${user_namespace[@]}" --net "$0" --inside
fi
ip link set lo up
export AWS_EC2_METADATA_DISABLED=true

# shellcheck disable=SC2119
start_lab
mkdir "$work/bin"
ln -s "$proxy" "$work/bin/session-manager-plugin"
export PATH=$work/bin:$PATH
start=("$aws" ssm start-session --endpoint-url "$AWS_ENDPOINT_URL" --target "$instance")

# on_terminal STEP... -- COMMAND...: what was seen goes to $work/seen.
on_terminal() {
  "$here/terminal.py" "$@" >"$work/seen" 2>&1 || fail "on a terminal: $* $(cat -A "$work/seen")"
}
# seen TEXT
seen() { grep -qF -- "$1" "$work/seen" || fail "not seen: $1 in $(cat -A "$work/seen")"; }
ended() { [[ $(audited ssm:TerminateSession) -gt $1 ]]; }

# What the AWS CLI and its documentation ask of the plugin.
[[ $(session-manager-plugin --version) =~ ^[0-9]+(\.[0-9]+){3}$ ]] || fail "--version"
[[ $(session-manager-plugin) == *"installed successfully"* ]] || fail "the greeting"
rc=0
"$proxy" session-manager-plugin nonsense 2>"$work/err" || rc=$?
[[ $rc == 64 && -s $work/err ]] || fail "usage: status $rc"
ok "asked whether it is there"

# A shell: keys, sizes, its end.
# shellcheck disable=SC2016  # a prompt
on_terminal size:101x33 raw 'wait:$ ' 'send:stty size\n' 'wait:33 101' 'wait:$ ' size:120x40 \
  'send:until stty size | grep "40 120"; do :; done\n' 'wait:\n40 120' 'wait:$ ' 'send:sh -c "id -un; exec sleep 1000"\n' 'wait:ssm-user' \
  'send:\x03' 'wait:$ ' 'send:sh -c "id -un; exec cat"\n' 'wait:ssm-user' 'send:\x1c' 'wait:Quit' 'wait:$ ' \
  'send:sh -c "id -un; exec cat"\n' 'wait:ssm-user' 'send:\x1a' 'wait:Stopped' 'wait:$ ' 'send:fg\n' \
  'wait:exec cat' 'send:again\n' 'wait:again\r\nagain' 'send:\x03' 'wait:$ ' 'send:exit 3\n' -- "${start[@]}"
seen "Starting session with SessionId: "
seen "status 0"
seen "mode sane"
ok "a shell on a terminal"

# shellcheck disable=SC2016  # for the shell there
# Stopped and continued by hand, the terminal is given back meanwhile.
on_terminal raw 'wait:$ ' kill:1:TSTP sane kill:1:CONT raw 'send:echo a$((1+1))b; exit\n' 'wait:a2b' \
  -- "${start[@]}"
seen "mode sane"
ok "suspended"

# The AWS CLI, or the plugin itself, is ended: so is the session, and the terminal is as it was.
for case in 1:TERM 1:KILL 2:TERM 2:HUP 2:ABRT; do
  count=$(audited ssm:TerminateSession)
  # shellcheck disable=SC2016  # for the shell inside
  on_terminal raw 'wait:$ ' "kill:$case" sane -- sh -c '"$@"; :' sh "${start[@]}"
  seen "mode sane"
  [[ $case == 2:ABRT ]] || wait_for 10 ended "$count" || fail "$case: TerminateSession was not called"
  ok "killed: $case"
done

# Without a terminal: input is passed on, and its end.
# shellcheck disable=SC2016  # for the shell there
printf 'echo a$((1+1))b\nstty size\necho c$((2+2))d' | timeout 60 "${start[@]}" >"$work/seen" ||
  fail "piped: status $?"
seen a2b
seen "100 300"
seen c4d
timeout 60 "${start[@]}" </dev/null >"$work/seen" || fail "no input: status $?"
ok "without a terminal"

# Commands.
# shellcheck disable=SC2016  # for the shell there
on_terminal 'wait:name? ' 'send:ada\n' 'wait:hello ada' -- \
  "${start[@]}" --document-name AWS-StartInteractiveCommand \
  --parameters 'command="printf \"name? \"; read n; echo hello $n; tty"'
seen /dev/pts/
once=("${start[@]}" --document-name AWS-StartNonInteractiveCommand --parameters)
# parameters COMMAND SEPARATE: the agent has no shell read a command of this document.
parameters() { echo "{\"command\":[\"sh -c '$1'\"],\"separateOutputStream\":[\"$2\"]}"; }
timeout 60 "${once[@]}" '{"command":["echo out; exit 5 # told"]}' </dev/null >"$work/seen" || fail "words"
seen "out; exit 5"
timeout 60 "${once[@]}" "$(parameters "echo out; echo err >&2; exit 5" False)" </dev/null \
  >"$work/seen" 2>"$work/err" || fail "a command: $(cat "$work/err")"
seen out
seen err
rc=0
timeout 60 "${once[@]}" "$(parameters "echo out; echo err >&2; exit 5" True)" \
  </dev/null >"$work/seen" 2>"$work/err" || rc=$?
[[ $rc == 255 ]] || fail "a failing command: status $rc"
[[ $(tail -n 1 "$work/seen") == out ]] || fail "standard output: $(cat "$work/seen")"
grep -qx err "$work/err" || fail "standard error: $(cat "$work/err")"
grep -q "non-zero exit status 5" "$work/err" || fail "the exit status: $(cat "$work/err")"
timeout 60 "${once[@]}" '{"command":["seq 100000"],"separateOutputStream":["True"]}' </dev/null \
  2>/dev/null | tail -n +3 >"$work/seen"
seq 100000 | cmp -s - "$work/seen" || fail "much output: $(wc -l <"$work/seen") lines"
on_terminal 'wait:go' 'send:\x03' -- "${once[@]}" \
  "$(parameters "echo go; exec sleep 1000" True)"
seen "mode sane"
ok "commands"

# As newer releases of the AWS CLI call: the session in the environment, which does not stay there.
mkdir "$work/capture"
cat >"$work/capture/session-manager-plugin" <<'EOF'
#!/bin/sh
printf '%s\n' "$@" >"$CAPTURE"
EOF
chmod +x "$work/capture/session-manager-plugin"
# capture OPTION...: sets $arguments to what the AWS CLI gives the plugin.
capture() {
  CAPTURE=$work/arguments PATH=$work/capture:$PATH "${start[@]}" "$@" || fail "capture"
  mapfile -t arguments <"$work/arguments"
}
capture --document-name AWS-StartNonInteractiveCommand \
  --parameters "$(parameters "echo up; sleep 1000" True)"
mkfifo "$work/in"
AWS_SSM_START_SESSION_RESPONSE=${arguments[0]} session-manager-plugin AWS_SSM_START_SESSION_RESPONSE \
  "${arguments[@]:1}" <"$work/in" >"$work/seen" &
pid=$!
exec 3>"$work/in"
wait_for 20 grep -q up "$work/seen" || fail "the session in the environment: $(cat "$work/seen")"
token=$(grep -o '"TokenValue": "[^"]*"' <<<"${arguments[0]}" | cut -d '"' -f 4)
[[ -n $token ]] || fail "no token in ${arguments[0]}"
for file in environ cmdline; do
  if grep -qaF "$token" "/proc/$pid/$file"; then fail "the token is in $file"; fi
done
count=$(audited ssm:TerminateSession)
kill -TERM "$pid"
rc=0
wait "$pid" || rc=$?
exec 3>&-
[[ $rc == 143 ]] || fail "TERM: status $rc"
wait_for 10 ended "$count" || fail "TERM: TerminateSession was not called"
capture --document-name AWS-StartNonInteractiveCommand \
  --parameters "$(parameters "exit 7" True)"
rc=0
session-manager-plugin "${arguments[@]}" </dev/null >"$work/seen" || rc=$?
[[ $rc == 7 ]] || fail "the command's status: $rc"
rc=0
session-manager-plugin "${arguments[@]}" </dev/null >"$work/seen" 2>"$work/err" || rc=$?
[[ $rc != 0 && $(wc -l <"$work/err") -le 2 ]] || fail "a used token: status $rc, $(cat "$work/err")"
ok "the session in the environment"

# ssh, and a copy through it.
through=(ssh -F "$config" -o "ProxyCommand=${start[*]} --document-name AWS-StartSSHSession --parameters portNumber=%p")
[[ $("${through[@]}" "$instance" echo hello 2>"$work/err") == hello ]] || fail "ssh: $(cat "$work/err")"
head -c 5000000 /dev/urandom >"$work/data"
"${through[@]}" "$instance" cat <"$work/data" >"$work/copy" || fail "a copy: status $?"
same "$work/data" "$work/copy"
ok "ssh"

# Forwards: the port that is told takes connections, ctrl-C ends them well.
# start_forward OPTION...: in the background, $port the one it tells.
start_forward() {
  : >"$work/seen"
  set -m # else bash starts it with SIGINT ignored
  "${start[@]}" "$@" >"$work/seen" 2>"$work/err" &
  pid=$!
  set +m
  wait_for 20 grep -q '^Waiting for connections' "$work/seen" || fail "no forward: $(cat "$work/seen" "$work/err")"
  port=$(sed -n 's/^Port \([0-9]*\) opened for sessionId [^ ]*\.$/\1/p' "$work/seen")
  [[ $port ]] || fail "no port: $(cat "$work/seen")"
}
# interrupt: as the keyboard does, and the status.
interrupt() {
  local rc=0 count
  count=$(audited ssm:TerminateSession)
  kill -INT -- "-$pid"
  wait "$pid" || rc=$?
  [[ $rc == 0 ]] || fail "interrupted: status $rc, $(cat "$work/err")"
  grep -q "Terminate signal received" "$work/seen" || fail "interrupted: said $(cat "$work/seen")"
  wait_for 10 ended "$count" || fail "interrupted: TerminateSession was not called"
}
# echo_port: what is sent to $port comes back.
echo_port() {
  exec 4<>"/dev/tcp/127.0.0.1/$port"
  printf 'ping\n' >&4
  read -r -t 10 line <&4 || fail "no answer on port $port"
  exec 4>&-
  [[ $line == ping ]] || fail "port $port says $line"
}
start_forward --document-name AWS-StartPortForwardingSession \
  --parameters '{"portNumber":["7"],"localPortNumber":["0"]}'
for _ in 1 2 3; do echo_port; done
rc=0
count=$(audited ssm:TerminateSession)
"${start[@]}" --document-name AWS-StartPortForwardingSession \
  --parameters "{\"portNumber\":[\"7\"],\"localPortNumber\":[\"$port\"]}" >"$work/taken" 2>&1 || rc=$?
[[ $rc != 0 ]] || fail "a port that is taken: status $rc"
grep -q "127.0.0.1:$port" "$work/taken" || fail "a port that is taken: said $(cat "$work/taken")"
ended "$count" || fail "a port that is taken: TerminateSession was not called"
interrupt
start_forward --document-name AWS-StartPortForwardingSessionToRemoteHost \
  --parameters '{"host":["localhost"],"portNumber":["7"]}'
echo_port
interrupt
ok "forwards"

# Every session has ended but that of the plugin that crashed, which ends when it is idle.
one_active() {
  [[ $("$aws" ssm describe-sessions --endpoint-url "$AWS_ENDPOINT_URL" --state Active \
    --query 'length(Sessions)') == 1 ]]
}
wait_for 1 one_active || fail "active: $("$aws" ssm describe-sessions --endpoint-url "$AWS_ENDPOINT_URL" --state Active)"
ok "$(audited ssm:StartSession) sessions ended"
stop_lab

# The same, encrypted.
# shellcheck disable=SC2119
start_lab --kms-key 0123abcd-1111-2222-3333-0123456789ab
start=("$aws" ssm start-session --endpoint-url "$AWS_ENDPOINT_URL" --target "$instance")
# shellcheck disable=SC2016  # for the shell there
on_terminal size:101x33 raw 'wait:$ ' 'send:stty size\n' 'wait:33 101' 'wait:$ ' 'send:exit\n' -- "${start[@]}"
seen "status 0"
rc=0
timeout 60 "${start[@]}" --document-name AWS-StartNonInteractiveCommand \
  --parameters "$(parameters "echo out; echo err >&2; exit 5" True)" \
  </dev/null >"$work/seen" 2>"$work/err" || rc=$?
grep -q "non-zero exit status 5" "$work/err" || fail "encrypted: $(cat "$work/err")"
seen out
[[ $(audited kms:GenerateDataKey) == 2 && $(audited kms:Decrypt) == 2 ]] || fail "not encrypted"
ok "encrypted"
