#!/bin/bash
# passport-request as people use it: asked step by step, waiting, interrupted; and what programs read of it.
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
instances=2
start_lab --region eu-west-1
configure
sed -i "s/^regions = .*/regions = eu-west-1, us-east-1/" "$work/passportd.conf"
cat >>"$work/passportd.conf" <<END

[account 999988887777]
regions = eu-west-1
role = arn:aws:iam::999988887777:role/passport
external_id = write-your-own
admins = ops
END
start_service -v
export PATH=$build/client:$PATH PASSPORT_CA=$work/tls.pem PASSPORT_SERVICE=$url PASSPORT_TOKEN_FILE=$work/ann TERM=xterm
unset XDG_STATE_HOME XDG_CONFIG_HOME NO_COLOR CLICOLOR_FORCE
request() { passport-request "$@"; }
# on_terminal STEP... -- COMMAND...: what the terminal shows is in $work/shown, without what moves its cursor in $work/said.
on_terminal() {
  "$here/terminal.py" "$@" >"$work/shown" 2>&1 || fail "on a terminal: $(cat "$work/shown")"
  sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r//g' "$work/shown" >"$work/said"
}
# shows PATTERN..., ended STATUS: what on_terminal has left; the terminal is as it was.
shows() { for pattern in "$@"; do grep -Eq -- "$pattern" "$work/said" || fail "the terminal does not show '$pattern': $(cat "$work/said")"; done; }
ended() { [[ $(tail -n 2 "$work/said" | tr '\n' ' ') == "status $1 mode sane " ]] || fail "not status $1: $(cat "$work/said")"; }
none() { [[ -z $(request list) ]] || fail "made: $(request list)"; }

# Nothing to ask on, something missing.
rc=0
request create "${ids[0]}" </dev/null 2>"$work/err" || rc=$?
[[ $rc == 64 && $(cat "$work/err") == "passport-request: create wants a --reason" ]] || fail "no reason: $rc $(cat "$work/err")"
rc=0
request create --reason x --region eu-west-1 "${ids[0]}" </dev/null 2>"$work/err" || rc=$?
[[ $rc == 64 && $(cat "$work/err") == *"create wants an --account, or one in passport.conf"*"one of 123456789012, 999988887777" ]] || fail "no account: $rc $(cat "$work/err")"
rc=0
request create --reason x --for 13h "${ids[0]}" </dev/null 2>"$work/err" || rc=$?
[[ $rc == 64 && $(head -n 1 "$work/err") == *'"13h" is not a time from 1m to 12h'* ]] || fail "13h: $rc $(cat "$work/err")"
ok "what is missing is named"

# Left at any step, nothing is asked for.
on_terminal wait:leave send:1234\\n wait:leave send:eu-w\\n wait:Instances 'send:\x03' -- passport-request create
ended -2
on_terminal 'wait:leave' 'send:\n' -- passport-request create
shows "nothing was asked for"
ended 130
export PASSPORT_ACCOUNT=123456789012 PASSPORT_REGION=eu-west-1
on_terminal wait:Instances 'send:\x04' -- passport-request create
shows "nothing was asked for"
ended 130
on_terminal wait:Reason 'send:x\n' wait:Ticket 'send:\n' wait:how 'send:\n' wait:Y/n 'send:n\n' -- passport-request create "${ids[0]}"
shows "nothing was asked for"
ended 130
none
ok "left"

# Step by step: what cannot be is asked again, a summary, progress, the request.
unset PASSPORT_ACCOUNT PASSPORT_REGION
on_terminal wait:leave send:1234\\n wait:leave send:eu-w\\n wait:Instances 'send:web-1\n' wait:Instances "send:${ids[0]} ${ids[1]}\\n" \
  wait:Reason 'send:\n' wait:Reason 'send:a disk is full\n' wait:Ticket 'send:OPS-17\n' wait:how 'send:1d\n' wait:how 'send:30m\n' \
  wait:Y/n 'send:y\n' -- passport-request create
shows '^1  123456789012' '^2  eu|^1  eu-west-1' '"web-1" is not the id of an instance' 'there has to be a reason' '"1d" is not a time' \
  '^account    123456789012 eu-west-1' '^instances  i-' '^ticket     OPS-17' '^for        30 min' 'made ar-' '^state     active' "^${ids[1]}  active"
ended 0
id=$(awk '$1 == "request" { print $2 }' "$work/said")
[[ $(request show --json "$id") == *'"reason":"a disk is full"'*'"ticket":"OPS-17"'* ]] || fail "asked for: $(request show --json "$id")"
grep -q $'\x1b\[32mactive' "$work/shown" || fail "a terminal without colour"
grep -q $'\x1b\[[12]A\r\x1b\[J' "$work/shown" || fail "progress was not drawn over: $(cat -v "$work/shown")"
ok "step by step"

# Colour and width are the terminal's, or what is said about them.
coloured() { grep -q $'\x1b\[3' "$work/shown"; }
on_terminal -- passport-request list
coloured || fail "no colour on a terminal"
for off in NO_COLOR=1 TERM=dumb; do
  on_terminal -- env "$off" passport-request list
  if coloured; then fail "colour with $off"; fi
done
on_terminal -- passport-request list --color never
if coloured; then fail "colour with --color never"; fi
for on in "--color always" "--color=always"; do
  # shellcheck disable=SC2086  # words
  request list $on | grep -q $'\x1b\[32mactive' || fail "no colour with $on"
done
CLICOLOR_FORCE=1 request list | grep -q $'\x1b\[32m' || fail "no colour with CLICOLOR_FORCE"
if request list | grep -q $'\x1b'; then fail "colour in a pipe"; fi
on_terminal size:44x24 -- passport-request list
awk 'length > 44 { exit 1 }' "$work/said" || fail "too wide: $(cat "$work/said")"
shows "^ID +STATE +REASON" "^$id  active"
[[ $(request list | tail -n 1) == *"ann    123456789012  a disk is full" ]] || fail "a pipe is narrow: $(request list)"
rc=0
request list --color pink 2>"$work/err" || rc=$?
[[ $rc == 64 ]] || fail "--color pink: $rc"
ok "colour and width"
for arguments in list "list --json" "show $id" "show --json $id"; do
  rc=0
  # shellcheck disable=SC2086  # words
  request $arguments >/dev/full 2>"$work/err" || rc=$?
  [[ $rc == 69 && $(cat "$work/err") == "passport-request: standard output cannot be written" ]] || fail "$arguments: $rc $(cat "$work/err")"
done
ok "a full disk"

# Its end is waited for; without a terminal each change is a line.
request complete "$id" >"$work/out" 2>"$work/err" || fail "complete: $(cat "$work/err")"
grep -q "^state     completed" "$work/out" || fail "complete did not wait: $(cat "$work/out")"
grep -q "^passport-request: ${ids[1]}: removing" "$work/err" || fail "no progress: $(cat "$work/err")"
none
"$lab" fault --state "$state" command-delay=2000 >/dev/null
export PASSPORT_ACCOUNT=123456789012 PASSPORT_REGION=eu-west-1
request create --reason "a log" --for 10m "${ids[@]}" >"$work/out" 2>"$work/err" </dev/null || fail "create: $(cat "$work/err")"
for instance in "${ids[@]}"; do
  [[ $(grep -c "^passport-request: $instance: active" "$work/err") == 1 ]] || fail "lines of progress: $(cat "$work/err")"
done
id=$(awk '$1 == "request" { print $2 }' "$work/out")
request complete --no-wait "$id" >"$work/out"
grep -q "^state     completing" "$work/out" || fail "--no-wait: $(cat "$work/out")"
over() { [[ $(request show "$1") == *"state     completed"* ]]; }
wait_for 30 over "$id" || fail "not completed"
ok "progress"

# ctrl-C while waiting: the request goes on, and how it is ended is said.
on_terminal wait:provisioning 'send:\x03' -- passport-request create --reason "interrupted" --for 10m "${ids[0]}"
id=$(grep -o 'made ar-[0-9a-f]*' "$work/said" | cut -d ' ' -f 2)
shows "passport-request: $id goes on without this" "hint: passport request complete $id ends it"
ended -2
there() { [[ $(request show "$id") == *"${ids[0]}  active"* ]]; }
wait_for 30 there || fail "it did not go on: $(request show "$id")"
request complete "$id" >/dev/null 2>&1 || fail "complete"
ok "interrupted while waiting"

# No answer, ctrl-C, the same again: one request. What has been answered is asked for anew.
"$lab" fault --state "$state" command-delay= >/dev/null
setpriv --pdeathsig KILL "$here/mute.py" "${url#https://}" >"$work/mute" &
wait_for 10 test -s "$work/mute" || fail "mute.py does not start"
lost=(env "PASSPORT_SERVICE=https://127.0.0.1:$(cat "$work/mute")" passport-request create --reason "the network is bad" "${ids[0]}")
python3 -c 'import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])' \
  "${lost[@]}" >"$work/out" 2>"$work/err" &
pid=$!
made() { [[ $(request list) == *"the network is bad"* ]]; }
wait_for 30 made || fail "nothing was made: $(cat "$work/err")"
kill -INT "$pid"
rc=0
wait "$pid" || rc=$?
[[ $rc == 130 && ! -s $work/out ]] || fail "interrupted: $rc $(cat "$work/out")"
grep -q "it is not known whether the request was made" "$work/err" || fail "interrupted: $(cat "$work/err")"
[[ $(stat -c %a "$work/ann.asked") == 600 ]] || fail "the key is not kept: $(ls -l "$work")"
id=$(request list | awk '/the network is bad/ { print $1 }')
request create --reason "the network is bad" "${ids[0]}" >"$work/out" 2>&1 || fail "again: $(cat "$work/out")"
[[ $(request list | grep -c "the network is bad") == 1 && $(cat "$work/out") == *"request   $id"* ]] || fail "asked for twice: $(request list)"
[[ ! -e $work/ann.asked ]] || fail "the key stays"
request create --reason "the network is bad" "${ids[0]}" --no-wait >"$work/out" 2>&1 || fail "anew: $(cat "$work/out")"
[[ $(request list | grep -c "the network is bad") == 2 ]] || fail "not asked for anew: $(request list)"
ok "a lost answer"

# A screen's height of lines for more instances than it has.
missing=()
for i in $(seq 1 12); do missing+=("i-0000000000000$(printf %04d "$i")"); done
on_terminal size:80x8 wait:more -- passport-request create --reason "many" --for 10m "${missing[@]}" "${ids[1]}"
awk '/^and [0-9]+ more/ { if (lines != 5) exit 1; found = 1 } { lines = /^i-/ ? lines + 1 : 0 } END { exit !found }' "$work/said" ||
  fail "not bounded to the screen: $(cat "$work/said")"
ok "a small screen"
stop_service TERM
stop_lab
