#!/bin/bash
# passport ssh-config: each of its options, and what it says when something is in the way.
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
instances=2
start_lab --region eu-west-1
configure
"$passportd" token --config "$work/passportd.conf" --user bob --groups ops >"$work/bob"
start_service -v
export PATH=$build/client:$build/config-gen:$build/proxy:$build/keyagent:$PATH
unset XDG_STATE_HOME XDG_CONFIG_HOME
passport=$(readlink -f "$here/../../scripts/passport")
export PASSPORT_CA=$work/tls.pem PASSPORT_SERVICE=$url PASSPORT_ACCOUNT=123456789012 PASSPORT_REGION=$AWS_REGION
# become WHO: their token and a machine of their own.
become() {
  export PASSPORT_TOKEN_FILE=$work/$1 XDG_RUNTIME_DIR=$work/$1.d HOME=$work/$1.home
  mkdir -p "$XDG_RUNTIME_DIR" "$HOME"
  config=$XDG_RUNTIME_DIR/passport/ssh_config
}
# refused STATUS TEXT WORD...: ssh-config fails so, saying TEXT first, and nothing on standard output.
refused() {
  local status=$1 text=$2 rc=0
  shift 2
  timeout 60 "$passport" ssh-config "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
  [[ $rc == "$status" ]] || fail "$*: status $rc, not $status: $(cat "$work/err")"
  [[ $(head -n 1 "$work/err") == "passport-ssh-config: "*"$text"* && ! -s $work/out ]] || fail "$*: said $(cat "$work/out" "$work/err")"
}
# writes [WORD...]: ssh-config prints the path alone.
writes() { [[ $("$passport" ssh-config "$@" 2>"$work/err") == "$config" && ! -s $work/err ]] || fail "ssh-config $*: $(cat "$work/err")"; }
enter() { timeout 60 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY ssh -F "${file:-$config}" -o BatchMode=yes "$@"; }
alone() { enter -o ControlMaster=no -o ControlPath=none "$@"; }
ask_for() { "$passport" request create --reason "a test" --for 30m "$@" 2>/dev/null | awk '$1 == "request" { print $2 }'; }
finish() { "$passport" request complete "$1" >/dev/null && wait_for 30 is "$1" completed; }
serials() { passport-agent list | grep -o 'serial [0-9]*' | sort; }
hold_lock() { flock -n "$XDG_RUNTIME_DIR/passport/watch.lock" true; }

refused 64 '--keyType "dsa" is none of ed25519, rsa and all' --keyType dsa
refused 64 "unrecognised option '--outpt'" --outpt x
refused 64 "--print and --json exclude each other" --print --json
refused 64 "--output and --include exclude each other" --output x --include
refused 64 "--include and --no-include exclude each other" --include --no-include
refused 64 "--foreground is for --watch" --foreground
refused 64 "--foreground and --include exclude each other" --watch --foreground --include
refused 64 "--foreground and --i exclude each other" --watch --foreground --i web
refused 64 '--every "0" is not a time up to 1h' --watch --every 0
refused 64 '--output names no file' --output ''
become ann
PASSPORT_TOKEN_FILE=$work/none refused 77 "$work/none: no token can be read from it"
PASSPORT_SERVICE=https://127.0.0.1:1 refused 69 "127.0.0.1:1"
ok "command lines"

# Nothing is active: a file without instances, and no agent is started for it.
writes
[[ $(stat -c %a "$config") == 600 && ! -e $XDG_RUNTIME_DIR/passport/agent.sock ]] || fail "an agent for nothing"
enter "${ids[0]}" true 2>"$work/err" && fail "in without a request"
grep -qx "passport-proxy: ${ids[0]}: no request of yours was active for it when ssh_config was written" "$work/err" || fail "$(cat "$work/err")"
refused 77 "${ids[0]}: no request of yours is active for it" --i "${ids[0]}"
grep -q "hint: ask for access: passport request create --reason ... ${ids[0]}" "$work/err" || fail "$(cat "$work/err")"

# Whoever comes first has keys made, and the others wait for them.
id=$(ask_for "${ids[@]}")
user=$(call ann GET "/v1/requests/$id" | field '["user"]')
jobs=()
for n in 1 2 3 4; do
  "$passport" ssh-config >"$work/out$n" 2>"$work/err$n" &
  jobs+=($!)
done
wait "${jobs[@]}"
for n in 1 2 3 4; do [[ $(cat "$work/out$n") == "$config" && ! -s $work/err$n ]] || fail "at once: $(cat "$work/out$n" "$work/err$n")"; done
[[ $(serials | wc -l) == 3 ]] || fail "held: $(passport-agent list)"
held=$(serials)
writes --i "${ids[0]}" --i "${ids[1]}" --i "${ids[0]}"
[[ $(alone "${ids[0]}" id -un) == "$user" ]] || fail "ssh"
for option in "--keyType RSA" "--key-type rsa" "--KEYTYPE=rsa" "--key-type=Rsa"; do
  # shellcheck disable=SC2086
  writes $option --i "${ids[0]}"
  if grep IdentityFile "$config" | grep -v "$id-rsa-[12].pub\"$"; then fail "$option"; fi
done
[[ $(alone "${ids[0]}" id -un) == "$user" ]] || fail "ssh with RSA"
writes
[[ $(serials) == "$held" ]] || fail "keys were certified again for nothing"
before=$(stat -c '%i %Y' "$config" "$XDG_RUNTIME_DIR"/passport/known_hosts)
writes
[[ $(stat -c '%i %Y' "$config" "$XDG_RUNTIME_DIR"/passport/known_hosts) == "$before" ]] || fail "what is the same was written again"
ok "first and later runs"

"$passport" ssh-config --print >"$work/printed" || fail "--print"
same "$work/printed" "$config"
"$passport" ssh-config --no-control-master --print | grep -q "ControlMaster no" || fail "--no-control-master"
[[ $(cd "$work" && "$passport" ssh-config --output sub/own) == "$work/sub/own" ]] || fail "--output"
[[ $(stat -c '%a' "$work/sub" "$work/sub/own" "$work/sub/own.known_hosts" | xargs) == "700 600 600" ]] || fail "--output: $(ls -l "$work/sub")"
[[ $(file=$work/sub/own alone "${ids[1]}" id -un) == "$user" ]] || fail "ssh -F of --output"
[[ $("$passport" ssh-config --output "$work/sub/own" --i "${ids[0]}") == "$work/sub/own" ]] || fail "--output again"
echo "Host mine" >"$work/mine"
ln -s sub/own "$work/link"
for other in "$work/mine" "$work/link" "$work/sub" /dev/null "$work/sub/"; do
  refused 78 "is not a file of passport-ssh-config's" --output "$other"
done
echo "bastion ssh-ed25519 AAAA" >"$work/new.known_hosts"
: >"$work/new"
refused 78 "\"$work/new.known_hosts\" is not a file of passport-ssh-config's" --output "$work/new"
rm "$work/new"
refused 78 "\"$work/new.known_hosts\" is not a file of passport-ssh-config's" --output "$work/new"
[[ $(cat "$work/mine" "$work/new.known_hosts") == "Host mine"$'\n'"bastion ssh-ed25519 AAAA" ]] || fail "--output has written over a file"
refused 69 "cannot write $work/mine/own" --output "$work/mine/own"
ok "--print, --output"

# The one line in ~/.ssh/config: once, and the rest is left as it is.
line="Include \"$XDG_RUNTIME_DIR/passport/ssh_hosts\""
writes_and_says() { [[ $("$passport" ssh-config --include 2>"$work/err") == "$config" && $(cat "$work/err") == *"$1"* ]] || fail "--include: $(cat "$work/err")"; }
writes_and_says "passport-ssh-config: ~/.ssh/config includes $XDG_RUNTIME_DIR/passport/ssh_hosts"
[[ $(stat -c %a "$HOME/.ssh" "$HOME/.ssh/config" | xargs) == "700 600" && $(cat "$HOME/.ssh/config") == "$line" ]] || fail "--include makes $(cat "$HOME/.ssh/config")"
mkdir "$HOME/dots"
printf '# mine\r\nHost *\n\tPort 2200 \n\n  User me' >"$HOME/dots/ssh"
cp "$HOME/dots/ssh" "$work/before"
chmod 640 "$HOME/dots/ssh"
ln -sfn ../dots/ssh "$HOME/.ssh/config"
writes_and_says includes
writes --include
[[ -L $HOME/.ssh/config && $(stat -c %a "$HOME/dots/ssh") == 640 ]] || fail "--include: $(ls -l "$HOME/.ssh" "$HOME/dots")"
{ echo "$line"; cat "$work/before"; } | cmp - "$HOME/dots/ssh" || fail "--include wrote $(cat "$HOME/dots/ssh")"
[[ $(file=$HOME/.ssh/config alone "${ids[0]}" id -un) == "$user" ]] || fail "ssh with an Include"
"$passport" ssh-config --no-include 2>"$work/err" || fail "--no-include"
grep -q "/.ssh/config no longer includes" "$work/err" || fail "--no-include: $(cat "$work/err")"
same "$work/before" "$HOME/dots/ssh"
"$passport" ssh-config --no-include || fail "--no-include again"
ln -sfn ../dots/none "$HOME/.ssh/config"
refused 69 "/.ssh/config: no such file or directory" --include
ln -sfn ../dots "$HOME/.ssh/config"
refused 78 "/.ssh/config: it is not a file" --include
chown nobody "$HOME/dots/ssh"
ln -sfn ../dots/ssh "$HOME/.ssh/config"
refused 77 "/.ssh/config: it belongs to another user" --include
same "$work/before" "$HOME/dots/ssh"
rm -r "$HOME/.ssh"
ok "--include"

# Somebody else on the same machine, or the same person on another.
become bob
other=$(ask_for "${ids[0]}")
writes --i "${ids[0]}"
bob=$(call bob GET "/v1/requests/$other" | field '["user"]')
[[ $(alone "${ids[0]}" id -un) == "$bob" && $bob != "$user" ]] || fail "the other user"
refused 77 "${ids[1]}: no request of yours is active for it" --i "${ids[1]}"
finish "$other"
passport-agent stop
become ann
[[ $(alone "${ids[0]}" id -un) == "$user" ]] || fail "the first one after that"
chmod 755 "$XDG_RUNTIME_DIR/passport"
refused 77 "other users may enter \"$XDG_RUNTIME_DIR/passport\""
chmod 700 "$XDG_RUNTIME_DIR/passport"
XDG_RUNTIME_DIR=$work/mine refused 78 "\"$work/mine/passport\": Not a directory"
mkdir -m 755 "$work/readonly"
chmod 711 "$work"
chmod 644 "$work/tls.pem"
cp "$work/ann" "$work/anns"
chown nobody "$work/anns"
rc=0
XDG_RUNTIME_DIR=$work/readonly PASSPORT_TOKEN_FILE=$work/anns setpriv --reuid nobody --clear-groups passport-ssh-config >"$work/out" 2>"$work/err" || rc=$?
[[ $rc == 77 && $(cat "$work/err") == *"\"$work/readonly/passport\": Permission denied"* ]] || fail "a read-only folder: $rc $(cat "$work/err")"
[[ $(env -u XDG_RUNTIME_DIR "$passport" ssh-config) == "$HOME/.local/state/passport/ssh_config" ]] || fail "without XDG_RUNTIME_DIR"
[[ $(file=$HOME/.local/state/passport/ssh_config alone "${ids[0]}" id -un) == "$user" ]] || fail "ssh without XDG_RUNTIME_DIR"
env -u XDG_RUNTIME_DIR passport-agent stop
ok "folders"

# The agent is gone: another is started, with keys of its own.
passport-agent stop
alone "${ids[0]}" true 2>"$work/err" && fail "in without an agent"
writes --i "${ids[0]}"
[[ $(serials) != "$held" && $(alone "${ids[0]}" id -un) == "$user" ]] || fail "after the agent"
# Its certificates are over: they are made anew.
cat >"$work/short" <<'END'
#!/bin/sh
dir=$(mktemp -d)
cat >"$dir/key.pub"
[ -e "$0.ca" ] || ssh-keygen -q -N '' -t ed25519 -f "$0.ca"
ssh-keygen -q -s "$0.ca" -I x -n nobody -V -1m:+2s "$dir/key.pub"
cat "$dir/key-cert.pub"
rm -r "$dir"
END
chmod 700 "$work/short"
passport-agent add-request --for 30m --keyType ed25519 --certificate-command "$work/short" "$id"
over() { [[ $(passport-agent list | grep -c serial) == 0 ]] || ! ssh-add -L; }
sleep 2.1
alone "${ids[0]}" true 2>"$work/err" && fail "in with a certificate that is over"
writes --i "${ids[0]}"
[[ $(alone "${ids[0]}" id -un) == "$user" ]] || fail "after the certificate"
ok "agent stopped, certificate over"

# The service is gone: what was written is used, connections that are shared go on.
[[ $(enter "${ids[0]}" id -un) == "$user" ]] || fail "ssh with a shared connection"
stop_service TERM
started=$SECONDS
[[ $("$passport" ssh-config 2>"$work/err") == "$config" ]] || fail "without the service: $(cat "$work/err")"
[[ $(wc -l <"$work/err") == 1 && $(cat "$work/err") == "passport-ssh-config: what was written earlier is used: "* ]] || fail "without the service: $(cat "$work/err")"
((SECONDS - started < 10)) || fail "without the service it took $((SECONDS - started)) s"
"$passport" ssh-config --print 2>/dev/null | cmp - "$config" || fail "--print without the service"
"$passport" ssh-config --include >"$work/out" 2>"$work/err" || fail "--include without the service: $(cat "$work/err")"
grep -q ssh_hosts "$HOME/.ssh/config" || fail "--include without the service has included nothing: $(cat "$work/err")"
"$passport" ssh-config --no-include 2>/dev/null || fail "--no-include without the service"
[[ $(enter "${ids[0]}" id -un) == "$user" ]] || fail "the shared connection"
refused 69 "127.0.0.1" --i "${ids[0]}"
refused 69 "127.0.0.1" --json
refused 69 "127.0.0.1" --output "$work/fresh"
start_service -v
export PASSPORT_SERVICE=$url
ok "passportd down"

# The agent was started where another configuration held, which is gone.
passport-agent stop
wait_for 10 test ! -S "$XDG_RUNTIME_DIR/passport/control.sock" || fail "the agent does not end"
echo "service = https://127.0.0.1:1" >"$work/gone.conf"
PASSPORT_CONFIG=$work/gone.conf passport-agent start
rm "$work/gone.conf"
writes --i "${ids[0]}"
ok "agent of another configuration"

# Two at once: who has the older answer, but comes second, asks again.
lock=$XDG_RUNTIME_DIR/passport/write.lock
exec 9<>"$lock"
flock 9
"$passport" ssh-config >"$work/out" 2>"$work/err" 9>&- &
waits=$!
sleep 1
kill -0 "$waits" || fail "it does not wait for another that writes: $(cat "$work/err")"
second=$(ask_for "${ids[1]}")
python3 -c 'import time; print(time.monotonic_ns())' >"$lock"  # as the other one leaves it
exec 9>&-
wait "$waits" || fail "after another has written: $(cat "$work/err")"
grep -q -- "--request $second " "$config" || fail "an older answer was written"
finish "$second"
ok "two at once"

# A request that nothing can be certified for is not in the way of the others.
third=$(ask_for "${ids[0]}")
stop_service TERM
python3 - "$work/state/passport.db" "$third" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
ca = db.execute("SELECT ca FROM certificate LIMIT 1").fetchone()[0]
db.executemany("INSERT INTO certificate (request, serial, ca, ends_at) VALUES (?, ?, ?, 1)",
               [(sys.argv[2], f"many-{n}", ca) for n in range(1000)])
db.commit()
END
start_service -v
export PASSPORT_SERVICE=$url
[[ $("$passport" ssh-config --i "${ids[1]}" 2>"$work/err") == "$config" ]] || fail "one of two requests: $(cat "$work/err")"
[[ $(grep -c . "$work/err") == 1 && $(cat "$work/err") == "passport-ssh-config: $third: passport-agent: "*"can have no more" ]] || fail "one of two requests: $(cat "$work/err")"
[[ $(alone "${ids[1]}" id -un) == "$user" ]] || fail "ssh for the other request"
finish "$third"
writes
ok "one of two requests"

# What is in the way of one instance is said of that one.
ssh -F "$config" -O exit "${ids[0]}" 2>/dev/null
stop_service TERM
python3 - "$work/state/passport.db" "$id" "${ids[@]}" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
request, wrong, right = sys.argv[2:]
of_one = "request = ? AND instance = ?"
keys = db.execute(f"SELECT host_keys FROM request_instance WHERE {of_one}", (request, right)).fetchone()[0]
db.execute(f"UPDATE request_instance SET host_keys = ? WHERE {of_one}", (keys, request, wrong))
db.commit()
END
start_service -v
export PASSPORT_SERVICE=$url
refused 69 "${ids[0]}: its host key is not the pinned one: it shows ssh-ed25519 SHA256:" --i "${ids[0]}" --i "${ids[1]}"
[[ $(grep -c . "$work/err") == 2 ]] || fail "two instances, one at fault: $(cat "$work/err")"
alone "${ids[0]}" true 2>"$work/err" && fail "in with a swapped host key"
grep -q "REMOTE HOST IDENTIFICATION HAS CHANGED" "$work/err" || fail "a swapped host key: $(cat "$work/err")"
"$lab" fault --state "$state" offline="${ids[1]}" >/dev/null
refused 69 "${ids[1]}: " --i "${ids[1]}"
cat "$work/err"
"$lab" fault --state "$state" offline= deny=ssm:StartSession >/dev/null
refused 77 "${ids[1]}: the service says: ssm:StartSession on ${ids[1]}: account 123456789012 does not allow it: " --i "${ids[1]}"
"$lab" fault --state "$state" clear >/dev/null
writes --i "${ids[1]}"
ok "host key, offline, denied"

# It is kept current, by one process.
"$passport" ssh-config --watch --every 1s >"$work/out" 2>"$work/err" || fail "--watch: $(cat "$work/err")"
[[ $(cat "$work/out") == "$config" ]] || fail "--watch printed $(cat "$work/out")"
watcher=$(sed -n "s|^passport-ssh-config: process \([0-9]*\) keeps $config current$|\1|p" "$work/err")
kill -0 "$watcher" || fail "--watch: $(cat "$work/err")"
"$passport" ssh-config --watch >"$work/out" 2>"$work/again" || fail "--watch again"
same "$work/err" "$work/again"
refused 75 "process $watcher watches already, for $config" --watch --output "$work/sub/own"
second=$(ask_for "${ids[1]}")
knows() { grep -q -- "--request $second " "$config"; }
wait_for 20 knows || fail "--watch has not seen a new request: $(cat "$XDG_RUNTIME_DIR/passport/watch.log")"
alone "${ids[1]}" true || fail "ssh while it is watched"
until_before=$(passport-agent list | grep "^$second ")
"$passport" request extend --for 10m "$second" >/dev/null || fail "extend"
extended() { [[ $(passport-agent list | grep "^$second ") != "$until_before" ]]; }
wait_for 20 extended || fail "--watch has not seen that a request is longer"
finish "$second"
forgot() { ! knows; }
wait_for 20 forgot || fail "--watch has not seen that a request is over"
if grep -q "$second" <(passport-agent list); then fail "keys of a request that is over"; fi
stop_service TERM
notes() { grep -q "127.0.0.1" "$XDG_RUNTIME_DIR/passport/watch.log"; }
wait_for 20 notes || fail "--watch says nothing of a service that is gone"
kill -0 "$watcher" || fail "--watch has ended with the service"
kill "$watcher"
gone() { ! kill -0 "$watcher" 2>/dev/null; }
wait_for 10 gone || fail "--watch does not end"
hold_lock || fail "--watch leaves its lock"
start_service -v
export PASSPORT_SERVICE=$url
"$passport" ssh-config --watch --every 1s >/dev/null 2>"$work/err" || fail "--watch after that: $(cat "$work/err")"
watcher=$(grep -o 'process [0-9]*' "$work/err" | cut -d' ' -f2)
passport-agent stop
wait_for 10 gone || fail "--watch stays without an agent"
grep -q "the agent has ended: it is kept current no longer" "$XDG_RUNTIME_DIR/passport/watch.log" || fail "$(cat "$XDG_RUNTIME_DIR/passport/watch.log")"
passport-ssh-config --watch --foreground --every 1s >"$work/out" 2>"$work/err" &
watcher=$!
taken() { grep -q "^$watcher " "$XDG_RUNTIME_DIR/passport/watch.lock"; }
wait_for 10 taken || fail "--foreground: $(cat "$work/err")"
writes
exec 9<>"$lock"
flock 9
sleep 1.5
kill "$watcher"
sleep 0.5
kill -0 "$watcher" || fail "--foreground has not ended what it had begun"
kill "$watcher"
rc=0
wait "$watcher" || rc=$?
exec 9>&-
[[ $rc == 143 ]] || fail "a second signal: status $rc"
passport-ssh-config --watch --foreground --every 1s >"$work/out" 2>"$work/err" &
watcher=$!
wait_for 10 taken || fail "--foreground: $(cat "$work/err")"
kill "$watcher"
rc=0
wait "$watcher" || rc=$?
[[ $rc == 0 && ! -s $work/out && ! -s $work/err ]] || fail "--foreground: status $rc, $(cat "$work/out" "$work/err")"
ok "--watch"

finish "$id"
refused 77 "${ids[0]}: no request of yours is active for it" --i "${ids[0]}"
PASSPORT_TOKEN_FILE=$work/eve writes
cp "$work/ann" "$work/old"
PASSPORT_TOKEN_FILE=$work/old "$passport" auth logout
cp "$work/bob" "$work/old"
status bob POST /v1/token/revoke >/dev/null
PASSPORT_TOKEN_FILE=$work/old refused 77 "no token, or one that is unknown or over"
ok "request over, token over"
passport-agent stop
stop_service TERM
stop_lab
