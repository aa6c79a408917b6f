#!/bin/bash
# What a person does on a day: logs in, asks for access, uses it, ends it, logs out.
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
instances=2
start_lab --region eu-west-1
mapfile -t ids < <(awk '$1 == "instance" { print $2 }' "$work/up")
configure
start_service -v
export PATH=$build/client:$build/config-gen:$build/proxy:$build/keyagent:$PATH PASSPORT_CA=$work/tls.pem XDG_RUNTIME_DIR=$work/run
unset XDG_STATE_HOME XDG_CONFIG_HOME
mkdir -m 700 "$work/run"
passport=$(readlink -f "$here/../../scripts/passport")
# refused STATUS TEXT WORD...: passport fails so, saying TEXT first, and nothing on standard output.
refused() {
  local status=$1 text=$2 rc=0
  shift 2
  "$passport" "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
  [[ $rc == "$status" ]] || fail "$*: status $rc, not $status: $(cat "$work/err")"
  [[ $(head -n 1 "$work/err") == *"$text"* && ! -s $work/out ]] || fail "$*: said $(cat "$work/out" "$work/err")"
}

refused 64 '"requst" is no verb' requst
grep -q 'did you mean "request"?' "$work/err" || fail "no suggestion: $(cat "$work/err")"
refused 64 '"a b" is no verb' "a b"
[[ $("$passport" --help) == *request* ]] || fail "--help names no verbs"
[[ $("$passport" request --version) =~ ^passport-request\ [0-9.]+$ ]] || fail "--version"
refused 78 "no passportd is named" request list
mkdir -p "$work/.config/passport"
echo "service = $url
account = 123456789012
regoin = $AWS_REGION" >"$work/.config/passport/passport.conf"
refused 78 'passport.conf: line 3: unknown key "regoin"' request list
sed -i 's/regoin/region/' "$work/.config/passport/passport.conf"
refused 77 "no token can be read from it" request list
PASSPORT_SERVICE=https://127.0.0.1:1 refused 77 "no token can be read from it" auth status
ok "before the first login"

# A token is kept once the service knows it; another that it does not know changes nothing.
token=$work/.local/state/passport/token
[[ $("$passport" auth login --token-stdin <"$work/ann") =~ ^ann\ \(ops\),\ for\ [78]\ h ]] || fail "login"
[[ $(stat -c '%a %a' "$token") == "600 600" && $(stat -c %a "$(dirname "$token")") == 700 ]] || fail "the token's mode"
rc=0
echo ppt_nonsense | "$passport" auth login --token-stdin 2>"$work/err" || rc=$?
[[ $rc == 77 ]] || fail "a token that is unknown: status $rc"
cmp -s "$token" "$work/ann" || fail "the token is not what was given"
[[ $(find "$(dirname "$token")" -type f | wc -l) == 1 ]] || fail "left: $(ls "$(dirname "$token")")"
[[ $("$passport" auth status --json) == *'"user":"ann"'* ]] || fail "status"
PASSPORT_SERVICE=https://127.0.0.1:1 refused 69 "127.0.0.1:1" request list
# One that is interrupted leaves nothing.
setpriv --pdeathsig KILL "$here/mute.py" "${url#https://}" >"$work/mute" &
wait_for 10 test -s "$work/mute" || fail "mute.py does not start"
for signal in TERM HUP; do
  PASSPORT_SERVICE=https://127.0.0.1:$(cat "$work/mute") passport-auth login --token-stdin <"$work/ann" >"$work/out" 2>&1 &
  pid=$!
  wait_for 10 test -s "$token.new" || fail "no login: $(cat "$work/out")"
  sleep 0.2
  kill -"$signal" "$pid"
  rc=0
  wait "$pid" || rc=$?
  [[ $rc == $((128 + $(kill -l "$signal"))) && ! -e $token.new ]] || fail "a login that is interrupted: $rc $(ls "$(dirname "$token")")"
done
ok "login"

# A request, waited for; what it says is what is there.
[[ -z $("$passport" request list) ]] || fail "a request before the first"
"$passport" request create --reason "a disk is full" --for 30m "${ids[@]}" >"$work/made" 2>"$work/err" || fail "create: $(cat "$work/err")"
id=$(awk '$1 == "request" { print $2 }' "$work/made")
user=$(awk '$1 == "user" { print $2 }' "$work/made")
[[ $(grep -c '^i-.*  active$' "$work/made") == 2 && $(grep '^left' "$work/made") =~ (29|30)\ min ]] || fail "create: $(cat "$work/made")"
grep -q "made $id" "$work/err" || fail "create: $(cat "$work/err")"
[[ $("$passport" request list) =~ $id\ +active ]] || fail "list: $("$passport" request list)"
[[ $("$passport" request show --json "$id" | python3 -c 'import json, sys; print(json.load(sys.stdin)["state"])') == active ]] || fail "show"
PASSPORT_TOKEN_FILE=$work/eve refused 77 "you may not do that, or there is no such thing" request show "$id"
PASSPORT_TOKEN_FILE=$work/eve refused 77 "you may not do that" request create --reason "to look" "${ids[0]}"
refused 64 'create wants a --reason' request create "${ids[0]}"
refused 64 'is not the id of a request' request show ../accounts
refused 64 '"nonsense" is not the id of an instance' request create --reason x nonsense
refused 77 "no such thing" request show ar-ffffffffffffffff
ok "request"

# The agent makes the keys, passportd certifies them, the tunnel carries ssh: nothing is asked.
config=$("$passport" ssh-config) || fail "ssh-config"
[[ $config == "$XDG_RUNTIME_DIR/passport/ssh_config" && $(stat -c %a "$config") == 600 ]] || fail "ssh-config printed $config"
enter() { timeout 60 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY ssh -F "$config" -o BatchMode=yes "$@"; }
for instance in "${ids[@]}"; do
  [[ $(enter "$instance" id -un) == "$user" ]] || fail "ssh to $instance"
  [[ $(enter -o ControlMaster=no -o ControlPath=none "$instance" id -un) == "$user" ]] || fail "ssh to $instance by itself"
done
# Nobody who waits for the end of what ssh says waits for the connection that is shared.
started=$SECONDS
[[ $(enter "${ids[0]}" id -un 2>&1 | cat) == "$user" ]] || fail "ssh through a pipe"
((SECONDS - started < 20)) || fail "the shared connection holds standard error"
head -c 300000 /dev/urandom >"$work/data"
scp -q -F "$config" "$work/data" "${ids[0]}:data" || fail "scp there"
scp -q -F "$config" "${ids[0]}:data" "$work/back" || fail "scp back"
same "$work/data" "$work/back"
ok "ssh and scp"
[[ $(passport-agent list | grep -c "^$id ") == 1 && $(passport-agent list | grep -c serial) == 3 ]] || fail "held: $(passport-agent list)"
serials=$(passport-agent list | grep -o 'serial [0-9]*')
[[ $("$passport" ssh-config --i "${ids[0]}" --i "${ids[1]}") == "$config" ]] || fail "--i of what can be used"
[[ $(passport-agent list | grep -o 'serial [0-9]*') == "$serials" ]] || fail "keys were certified again for nothing"
for type in ed25519 rsa; do
  "$passport" ssh-config --keyType "$type" >/dev/null || fail "--keyType $type"
  grep IdentityFile "$config" | grep -vq -- "-$type-[0-9].pub\"" && fail "--keyType $type: $(grep IdentityFile "$config")"
  [[ $(enter -o ControlMaster=no -o ControlPath=none "${ids[0]}" id -un) == "$user" ]] || fail "ssh with $type"
done
"$passport" ssh-config --json | python3 -c '
import json, sys
said = json.load(sys.stdin)
here = said["path"] == sys.argv[1] and [[i["id"] for i in r["instances"]] for r in said["requests"]] == [sorted(sys.argv[2:])]
sys.exit(not here)' "$config" "${ids[@]}" || fail "--json: $("$passport" ssh-config --json)"
refused 77 "i-0ffffffffffffffff: no request of yours is active for it" ssh-config --i i-0ffffffffffffffff --i "${ids[0]}"
refused 77 'db: no request of yours is active for it' ssh-config --i db
refused 64 '--keyType "dsa"' ssh-config --keyType dsa
# A host key that is another's is refused.
sed -i "s|^${ids[0]} ssh-ed25519 .*|$(grep "^${ids[1]} ssh-ed25519" "$XDG_RUNTIME_DIR/passport/known_hosts" | sed "s/^${ids[1]}/${ids[0]}/")|" "$XDG_RUNTIME_DIR/passport/known_hosts"
enter -o ControlPath=none -o HostKeyAlgorithms=ssh-ed25519 "${ids[0]}" true 2>"$work/err" && fail "a swapped host key"
grep -q "REMOTE HOST IDENTIFICATION HAS CHANGED" "$work/err" || fail "a swapped host key: $(cat "$work/err")"
"$passport" ssh-config >/dev/null || fail "ssh-config again"
[[ $(enter -o ControlPath=none "${ids[0]}" id -un) == "$user" ]] || fail "the right host key"
ok "keys and hosts are those that were meant"

before=$("$passport" request show --json "$id" | grep -o '"ends_at":[0-9]*')
"$passport" request extend --for 10m "$id" >"$work/out" || fail "extend: $(cat "$work/out")"
[[ $("$passport" request show --json "$id" | grep -o '"ends_at":[0-9]*') == "\"ends_at\":$((${before#*:} + 600))" ]] || fail "not longer"
refused 64 "minutes can be added at most" request extend --for 12h "$id"
"$passport" request complete "$id" >/dev/null || fail "complete"
over() { [[ $("$passport" request show "$id") == *"state     completed"* ]]; }
wait_for 20 over || fail "complete: $("$passport" request show "$id")"
[[ -z $("$passport" request list) && $("$passport" request list --all) == *"$id"* ]] || fail "list --all"
if enter "${ids[0]}" true 2>"$work/err"; then fail "ssh after the end"; fi
grep -q '^passport-proxy: ' "$work/err" || fail "ssh with ControlPersist says nothing: $(cat "$work/err")"
refused 77 "no request of yours is active for it" ssh-config --i "${ids[0]}"
[[ $("$passport" ssh-config) == "$config" ]] || fail "a config after the end"
if grep -q Host "$config"; then fail "hosts after the end: $(cat "$config")"; fi
[[ -z $(find "$XDG_RUNTIME_DIR/passport" -name '*.pub') ]] || fail "left: $(ls "$XDG_RUNTIME_DIR/passport")"
[[ -z $(passport-agent list) ]] || fail "keys after the end: $(passport-agent list)"
refused 75 "is completed" request extend "$id"
passport-agent stop >/dev/null
ok "extend, complete"

# An instance that is not there spoils nothing but itself.
rc=0
"$passport" request create --reason "a test" --for 10m "${ids[0]}" i-0ffffffffffffffff --no-wait >"$work/out" || rc=$?
[[ $rc == 0 ]] || fail "--no-wait: status $rc"
id=$(awk '$1 == "request" { print $2 }' "$work/out")
one() { [[ $("$passport" request show "$id") == *"${ids[0]}  active"* ]]; }
wait_for 30 one || fail "one of two: $("$passport" request show "$id")"
[[ $("$passport" request show "$id") == *"i-0ffffffffffffffff  "*": "* ]] || fail "why not: $("$passport" request show "$id")"
"$passport" request complete --no-wait "$id" >/dev/null
ok "one of two"

cp "$work/ann" "$token.new"  # as a login leaves it that is killed
"$passport" auth logout || fail "logout"
[[ ! -e $token && ! -e $token.new ]] || fail "the token stays"
cp "$work/ann" "$work/old"
PASSPORT_TOKEN_FILE=$work/old refused 77 "no token, or one that is unknown or over" auth status
"$passport" auth logout || fail "logout again"
ok "logout"
stop_service TERM
stop_lab
