#!/bin/bash
# passport-connect as people use it: by id and from lists, with what ssh is given, and when there is no way in.
# shellcheck disable=SC2016  # of shells on instances
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
instances=3
start_lab --region eu-west-1
configure
cat >>"$work/passportd.conf" <<END

[account 999988887777]
regions = eu-west-1
role = arn:aws:iam::999988887777:role/passport
external_id = write-your-own
admins = ops
approvals = 1
approvers = boss
END
start_service -v
tools=$build/client:$build/config-gen:$build/proxy:$build/keyagent
export PATH=$tools:$PATH PASSPORT_CA=$work/tls.pem PASSPORT_SERVICE=$url PASSPORT_TOKEN_FILE=$work/ann XDG_RUNTIME_DIR=$work/run TERM=xterm
export PASSPORT_ACCOUNT=123456789012 PASSPORT_REGION=eu-west-1
unset XDG_STATE_HOME XDG_CONFIG_HOME NO_COLOR CLICOLOR_FORCE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
mkdir -m 700 "$work/run"
# Programs without fzf.
mkdir "$work/bin"
for program in ssh sh env sleep; do ln -s "$(command -v "$program")" "$work/bin/$program"; done

connect() { timeout 120 passport-connect "$@" 2>"$work/err" </dev/null; }
# refused STATUS TEXT WORD...: it fails so, saying TEXT first, at most a hint more, and nothing on standard output.
refused() {
  local status=$1 text=$2 rc=0
  shift 2
  connect "$@" >"$work/out" || rc=$?
  [[ $rc == "$status" ]] || fail "$*: status $rc, not $status: $(cat "$work/err")"
  [[ $(head -n 1 "$work/err") == "passport-connect: $text"* && ! -s $work/out ]] || fail "$*: said $(cat "$work/out" "$work/err")"
  [[ $status == 64 || $(grep -vc '^passport-connect: hint: ' "$work/err") == 1 ]] || fail "$*: more than a line: $(cat "$work/err")"
}
on_terminal() {
  "$here/terminal.py" "$@" >"$work/shown" 2>&1 || fail "on a terminal: $* $(cat -v "$work/shown")"
  sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r//g' "$work/shown" >"$work/said"
}
shows() { for pattern in "$@"; do grep -Eq -- "$pattern" "$work/said" || fail "the terminal does not show '$pattern': $(cat "$work/said")"; done; }
ended() { [[ $(tail -n 2 "$work/said" | tr '\n' ' ') == "status $1 mode sane " ]] || fail "not status $1: $(cat -v "$work/shown")"; }
ask() { passport-request create --reason "a test" --for 1h "$@" >"$work/made" 2>"$work/err" </dev/null || fail "create: $(cat "$work/err")"; }
made() { awk '$1 == "request" { print $2 }' "$work/made"; }
alone=(-o ControlMaster=no -o ControlPath=none)

refused 64 'unrecognised option' --nonsense
refused 64 '"uptime": what is for ssh stands after --' "${ids[0]}" uptime
refused 64 '--keyType "dsa"' --keyType dsa
refused 77 "no request of yours is active"
grep -q "hint: ask for access: passport request create" "$work/err" || fail "no hint: $(cat "$work/err")"
refused 77 "${ids[0]}: no request of yours is active for it" "${ids[0]}"
refused 77 'none of the instances that you have access to is called "web-1"' web-1
ok "no access"

# Asked for right there; then a shell, whose status is passed on.
on_terminal wait:Y/n 'send:\n' wait:Reason 'send:a disk is full\n' wait:Ticket 'send:\n' wait:how 'send:\n' wait:Y/n 'send:\n' \
  wait:made "wait:\$ " 'send:echo in-$((40+2)); exit 3\n' wait:in-42 -- passport-connect "${ids[0]}"
shows "${ids[0]}: no request of yours is active for it" '^in-42'
ended 3
on_terminal wait:Y/n 'send:n\n' -- passport-connect "${ids[1]}"
ended 130
on_terminal wait:Y/n 'send:\n' wait:Reason 'send:\x03' -- passport-connect "${ids[1]}"
ended 130
[[ $(passport-request list | wc -l) == 2 ]] || fail "asked for: $(passport-request list)"
user=$(passport-request show "$(passport-request list | awk 'END { print $1 }')" | awk '$1 == "user" { print $2 }')
ok "asked for at the terminal"

# The one that there is; what stands after -- is ssh's, and so is the status.
[[ $(connect -- id -un) == "$user" ]] || fail "the one that there is: $(cat "$work/err")"
grep -q "^passport-connect: ${ids[0]} is the one that there is" "$work/err" || fail "it is not named: $(cat "$work/err")"
[[ $(connect "${ids[0]}" -- "${alone[@]}" 'echo $((6*7)); id -un' | tr '\n' ' ') == "42 $user " ]] || fail "a command: $(cat "$work/err")"
[[ ! -s $work/err ]] || fail "said $(cat "$work/err")"
[[ $(connect "${ids[0]}" -- echo -- -n "a  b") == "-- -n a b" ]] || fail "words of a command"
for status in 7 255; do
  rc=0
  connect "${ids[0]}" -- "exit $status" || rc=$?
  [[ $rc == "$status" ]] || fail "status $rc, not $status"
done
rc=0
connect "${ids[0]}" -- "${alone[@]}" -o HostKeyAlias=another true || rc=$?
[[ $rc == 255 ]] || fail "ssh failed, and the status is $rc"
[[ $(head -c 300000 /dev/zero | timeout 60 passport-connect "${ids[0]}" -- 'wc -c' 2>/dev/null) == 300000 ]] || fail "standard input"
for type in rsa Ed25519; do
  [[ $(connect --key-type "$type" "${ids[0]}" -- "${alone[@]}" id -un) == "$user" ]] || fail "--key-type $type: $(cat "$work/err")"
  [[ $(passport-agent list | grep -c "ssh-${type,,}") -ge 1 ]] || fail "--key-type $type: $(passport-agent list)"
done
ok "arguments and status"

# A forward.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
timeout 120 passport-connect "${ids[0]}" -- "${alone[@]}" -N -L "$port:127.0.0.1:7" 2>"$work/forward.err" </dev/null &
forward=$!
listening() { [[ -n $(ss -Hltn "sport = :$port") ]]; }
wait_for 30 listening || fail "no forward: $(cat "$work/forward.err")"
head -c 100000 /dev/urandom >"$work/data"
python3 "$here/connect.py" talk "127.0.0.1:$port" <"$work/data" >"$work/back"
same "$work/data" "$work/back"
[[ $(tr '\0' ' ' <"/proc/$(pgrep -P "$forward")/cmdline") == ssh\ * ]] || fail "not ssh itself: $(pgrep -aP "$forward")"
kill "$forward"
wait "$forward" || true
ok "-L"

# Several: without a terminal one has to be named, on one it is picked.
ask "${ids[1]}" "${ids[2]}"
refused 64 "there is more than one instance: "
for instance in "${ids[@]}"; do grep -q "$instance" "$work/err" || fail "$instance is not named: $(cat "$work/err")"; done
refused 64 '"i-" may be ' i-
shell=(wait:'$ ' 'send:echo on-$(hostname); exit 5\n')
without_fzf=(env "PATH=$tools:$work/bin" passport-connect)
on_terminal wait:leave "send:${ids[2]}\\n" "${shell[@]}" -- "${without_fzf[@]}"
shows "^[123]  ${ids[0]} " '^on-lab-3'
ended 5
# Numbers are those that are shown, and typing narrows.
number=$(grep -o "^[123]  ${ids[1]} " "$work/said" | cut -d ' ' -f 1)
on_terminal wait:leave 'send:nothing like it\n' wait:matches wait:leave 'send:eu-west\n' wait:leave "send:$number\\n" "${shell[@]}" -- "${without_fzf[@]}" i-
shows '^on-lab-2'
ended 5
for leave in '\n' '\x04'; do
  on_terminal wait:leave "send:$leave" -- "${without_fzf[@]}"
  ended 130
done
on_terminal wait:leave 'send:\x03' -- "${without_fzf[@]}"
ended -2
ok "picked from a list"
on_terminal wait:instance "wait:${ids[1]}" "send:${ids[1]}" "wait:1/3" 'send:\r' "${shell[@]}" -- passport-connect
shows '^on-lab-2'
ended 5
for leave in '\x03' '\x1b'; do
  on_terminal wait:instance wait:3/3 "send:$leave" -- passport-connect
  ended 130
done
# What a user has set for fzf does not run anything here; one that does not work is passed over.
on_terminal wait:instance wait:3/3 'send:\x03' -- env "FZF_DEFAULT_OPTS=--preview 'touch $work/canary' --bind 'start:execute(touch $work/canary)'" passport-connect
[[ ! -e $work/canary ]] || fail "a preview ran"
printf '#!/bin/sh\nexit 2\n' >"$work/bin/fzf"
chmod +x "$work/bin/fzf"
on_terminal wait:leave 'send:\n' -- "${without_fzf[@]}"
ended 130
rm "$work/bin/fzf"
ok "picked with fzf"
passport-request complete "$(made)" >/dev/null 2>&1 || fail "complete"
refused 77 "${ids[1]}: no request of yours is active for it" "${ids[1]}"

# An instance that is being made ready is waited for; one that cannot be is told of.
"$lab" fault --state "$state" command-delay=2000 >/dev/null
ask --no-wait "${ids[1]}"
[[ $(connect "${ids[1]}" -- hostname) == lab-2 ]] || fail "not waited for: $(cat "$work/err")"
grep -q "^passport-connect: ${ids[1]}: its user is being made" "$work/err" || fail "no word of it: $(cat "$work/err")"
grep -q "^passport-connect: ${ids[1]}: active" "$work/err" || fail "no progress: $(cat "$work/err")"
ask --no-wait "${ids[2]}"
on_terminal wait:provisioning wait:lab-3 -- passport-connect "${ids[2]}" -- hostname
ended 0
"$lab" fault --state "$state" command-delay= >/dev/null
ask --no-wait "${ids[2]}" i-0ffffffffffffffff
# shellcheck disable=SC2317  # by wait_for
failed() { [[ $(passport-request show "$(made)") == *"i-0ffffffffffffffff  failed"* ]]; }
wait_for 60 failed || fail "not failed: $(passport-request show "$(made)")"
refused 69 "i-0ffffffffffffffff: its user could not be made: aws: InvalidInstanceId" i-0ffffffffffffffff
ask --no-wait i-0dddddddddddddddd
failed() { [[ $(passport-request show "$(made)") == *"state     completing"* ]]; }
wait_for 60 failed || fail "not failed: $(passport-request show "$(made)")"
refused 77 "i-0dddddddddddddddd: no request of yours is active for it; the last one: aws: InvalidInstanceId" i-0dddddddddddddddd
PASSPORT_ACCOUNT=999988887777 passport-request create --reason x i-0eeeeeeeeeeeeeeee >"$work/made" 2>&1 </dev/null && fail "no approval"
refused 77 "i-0eeeeeeeeeeeeeeee: $(made) waits for approval" i-0eeeeeeeeeeeeeeee
ok "not ready"

# What is over is said in a line, by whichever tool notices.
cp "$work/ann" "$work/old"
PASSPORT_TOKEN_FILE=$work/old call old POST /v1/token/revoke >/dev/null
for tool in "connect ${ids[0]}" "request list" "ssh-config" "auth status"; do
  rc=0
  # shellcheck disable=SC2086  # words
  passport-$tool >"$work/out" 2>"$work/err" </dev/null || rc=$?
  [[ $rc == 77 && ! -s $work/out && $(wc -l <"$work/err") == 2 ]] || fail "$tool: $rc $(cat "$work/err")"
  [[ $(cat "$work/err") == *"no token, or one that is unknown or over"*"hint: "*"passport auth login"* ]] || fail "$tool: $(cat "$work/err")"
done
ok "a token that is over"
passport-agent stop >/dev/null
stop_service TERM
stop_lab
