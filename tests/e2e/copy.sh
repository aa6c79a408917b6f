#!/bin/bash
# passport-copy over the lab, with access by passportd: what it copies, keeps, compares, and takes up again.
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
here=$(readlink -f "$(dirname "$0")")
instances=1
start_lab --region eu-west-1
configure
start_service -v
export PATH=$build/client:$build/config-gen:$build/proxy:$build/keyagent:$PATH XDG_RUNTIME_DIR=$work/run
export PASSPORT_CA=$work/tls.pem PASSPORT_SERVICE=$url PASSPORT_ACCOUNT=123456789012 PASSPORT_REGION=$AWS_REGION
unset XDG_STATE_HOME XDG_CONFIG_HOME
mkdir -m 700 "$work/run"
end_copy() {
  local status=$?
  passport-agent stop >/dev/null 2>&1 || true
  (exit "$status") || true
  end_service
}
trap end_copy EXIT
fault() { "$lab" fault --state "$state" "$@" >/dev/null; }
passport-auth login --token-stdin <"$work/ann" >/dev/null
i=${ids[0]}
mkdir "$work/here"
cd "$work/here"

# tells STATUS TEXT ARGUMENT...: it ends so and says TEXT in its first line, with no more than a hint.
tells() {
  local rc=0
  timeout 60 passport-copy "${@:3}" 2>"$work/err" >"$work/out" || rc=$?
  [[ $rc == "$1" ]] || fail "${*:3}: status $rc, not $1: $(cat "$work/err")"
  [[ $(head -n 1 "$work/err") == *"$2"* && ! -s $work/out ]] || fail "${*:3}: said $(cat "$work/err")"
  [[ $(grep -vc ': hint: ' "$work/err") == 1 ]] || fail "${*:3}: said $(cat "$work/err")"
  ok "$2"
}
copies() {
  timeout 60 passport-copy "$@" 2>"$work/err" >"$work/out" || fail "$*: status $?: $(cat "$work/err")"
  [[ ! -s $work/out ]] || fail "$*: printed $(cat "$work/out")"
}
silent() { [[ ! -s $work/err ]] || fail "said: $(cat "$work/err")"; }
tells 77 "$i: no request of yours is active for it" "$i:x" .
passport-request create --reason "to copy" --for 1h "$i" >/dev/null 2>&1
config=$(passport-ssh-config --no-control-master)
there() { timeout 60 ssh -F "$config" -o BatchMode=yes -o ControlMaster=no -o ControlPath=none "$i" "$@"; }

# Files of all sizes, both ways; times and modes stay.
mkdir tree
for size in 0 1 32767 32768 32769 262145 3000000; do head -c $size /dev/urandom >tree/$size; done
chmod 640 tree/1
chmod 755 tree/32767
chmod 400 tree/32768
touch -d '2001-02-03 04:05:06' tree/*
# shellcheck disable=SC1003,SC2016  # as they stand
for odd in "a b" "it's" $'new\nline' -n '*' '$(touch canary)' '"' '\' ':x' 'ünï' '%h' $'\t' '~'; do
  mkdir -p "tree/sub $odd"
  echo "$odd" >"tree/sub $odd/$odd"
done
chmod 555 "tree/sub a b"
touch -d '2002-02-03 04:05:06' tree/sub* tree
copies -r tree "$i:up"
silent
copies -r "$i:up" back
silent
list() { (cd "$1" && find . -printf '%P %y %m %T@ %s\n' | sed -E 's/\.[0-9]+ / /; / d /s/ [0-9]+$//' | sort); }
diff <(list tree) <(list back) || fail "modes, times or names"
diff -r tree back || fail "what is in them"
[[ -z $(find . -name canary) && -z $(there find . -name canary) ]] || fail "a name was run"
ok "a tree, there and back"

copies "$i:up/3*" "$i:up/0" "$i:~/up/1" tree
copies tree/0 "$i:~"
copies tree/1 "$i:up/sub a b/../1"
[[ $(there stat -c '%s' 0 up/1) == $'0\n1' ]] || fail "~"
copies -pqr -j2 -F "$config" "$i:up/." merged
[[ -d merged && -e merged/3000000 && ! -e merged/up ]] || fail "what is in a folder: $(ls merged)"
tells 75 "its size is 0 and it has content" "$i:/proc/version" version
tells 77 "$i:/etc/shadow: permission denied" "$i:/etc/shadow" .
tells 77 "$i:/etc/x: permission denied" tree/1 "$i:/etc/x"
tells 77 "$i:/root/x: permission denied" tree/1 "$i:/root/x"
ok "names as scp has them"

# A file with holes has them again; and 100 MB of nothing is little to carry.
truncate -s 100M holes
echo end >>holes
copies holes "$i:holes"
copies "$i:holes" holes2
same holes holes2
(($(du -k holes2 | cut -f1) < 1000)) || fail "$(du -k holes2) of a file that is all holes"
rm holes*
there rm holes
ok "holes"

# At the pace of a real agent from here on.
head -c 6000000 /dev/urandom >data
copies data "$i:data"
fault agent-pace=1
# Websockets that are cut, then sessions that are ended, while it runs.
fault to-client-cut=300000 cut-times=2
copies "$i:data" cut
same data cut
silent
fault to-client-cut= cut-times= close-after=2500
copies -j 3 "$i:data" ended
same data ended
silent
fault close-after=
ok "sessions that break are opened again"

shown() { tr '\r' '\n' <"$work/shown" | sed -n 's/.*\x1b\[K\([0-9.]* [KM]\?i\?B\) in .*/\1/p'; }
# size_of BYTES: as passport-copy shows it.
size_of() { python3 -c 'import sys; n = int(sys.argv[1]); print(f"{n} B" if n < 1024 else f"{n / 1024:.1f} KiB" if n / 1024 < 1023.95 else f"{n / 1048576:.1f} MiB")' "$1"; }
# Interrupted, then killed; each time what is there is not copied again.
bytes() { find . -name "$1.passport-part.journal" -exec cat {} + | python3 -c 'import json, sys; print(sum(b - a for a, b in json.load(sys.stdin)["done"]))'; }
under_way() { [[ -s $1.passport-part.journal ]] && (($(bytes "$1") > 1500000)); }
fault agent-pace=3
set -m  # else bash starts it with SIGINT ignored
passport-copy -j 2 "$i:data" again 2>"$work/err" &
pid=$!
set +m
wait_for 20 under_way again || fail "no journal"
kill -INT "$pid"
rc=0
wait "$pid" || rc=$?
[[ $rc == 130 && $(cat "$work/err") =~ ^passport-copy:\ interrupted:\ [0-9.]+\ MiB\ of\ 5.7\ MiB\ are\ there ]] || fail "interrupted: $rc $(cat "$work/err")"
[[ ! -e again && -e again.passport-part ]] || fail "interrupted: $(ls)"
kept=$(bytes again)
passport-copy -j 2 "$i:data" again &
pid=$!
more() { (($(bytes again) > kept + 500000)); }
wait_for 20 more || fail "it does not go on"
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
kept=$(bytes again)
fault agent-pace=1
gone() { ! pgrep -f "passport-proxy .*$work/" >/dev/null; }
wait_for 20 gone || fail "a proxy outlives it: $(pgrep -fa "passport-proxy .*$work/")"
TERM=xterm python3 "$here/on_terminal.py" "" passport-copy "$i:data" again >"$work/shown" || fail "again: $(cat "$work/shown")"
same data again
[[ -z $(find . -name '*passport-part*') ]] || fail "left: $(ls)"
# What the last run says that it fetched is what was missing.
[[ $(shown) == "$(size_of $((6000000 - kept)))" ]] || fail "fetched $(shown), and $kept bytes were there: $(cat -v "$work/shown")"
grep -q '5.7 MiB  [0-9.]* [KM]iB/s' "$work/shown" || fail "no progress: $(cat -v "$work/shown")"
ok "broken off, and taken up"
# The same there.
head -c 20000000 /dev/urandom >large
fault to-agent-delay=30
passport-copy -j 1 large "$i:large" 2>"$work/err" &
pid=$!
begun() { [[ -n $(find "$work/.local/state/passport/copies" -name '*.journal' 2>/dev/null) ]]; }
wait_for 20 begun || fail "no journal of an upload"
kill -TERM "$pid"
rc=0
wait "$pid" || rc=$?
[[ $rc == 143 ]] || fail "terminated: $rc $(cat "$work/err")"
fault to-agent-delay=
TERM=xterm python3 "$here/on_terminal.py" "" passport-copy large "$i:large" >"$work/shown" || fail "again: $(cat "$work/shown")"
[[ -n $(shown) && $(shown) != "$(size_of 20000000)" ]] || fail "all of it was copied again: $(cat -v "$work/shown")"
[[ $(there 'sha256sum <large') == "$(sha256sum <large)" ]] || fail "another file"
[[ -z $(find "$work/.local/state/passport/copies" -type f) ]] || fail "a journal is left"
[[ -z $(there find . -name '*passport-part*') ]] || fail "left there: $(there ls -a)"
ok "the same there"

# A source that changes under way: slow enough that the change comes before the end.
fault agent-pace=3
under() { [[ -e $1.passport-part ]]; }
while_copied() {
  local rc=0
  passport-copy -j 2 "$i:changing" "$1" 2>"$work/err" &
  pid=$!
  wait_for 20 under "$1" || fail "it does not begin"
  there "$2"
  wait "$pid" || rc=$?
  echo "$rc" >"$work/rc"
}
there 'cp data changing && touch -d 2001-02-03 changing'
while_copied shorter 'truncate -s 5000000 changing'
[[ $(cat "$work/rc") == 75 && ! -e shorter ]] || fail "shorter: $(cat "$work/rc" "$work/err")"
grep -q 'changing: it became shorter while it was copied' "$work/err" || fail "shorter: $(cat "$work/err")"
there 'cp data changing && touch -d 2001-02-03 changing'
while_copied changed 'dd if=/dev/zero of=changing bs=1000 count=10 conv=notrunc status=none'
[[ $(cat "$work/rc") == 75 && ! -e changed ]] || fail "changed: $(cat "$work/rc" "$work/err")"
grep -q 'changing: it changed while it was copied' "$work/err" || fail "changed: $(cat "$work/err")"
there 'cp data changing && touch -d 2001-02-03 changing'
while_copied longer 'echo more >>changing'
[[ $(cat "$work/rc") == 0 ]] || fail "longer: $(cat "$work/err")"
same data longer
[[ -z $(find . -name '*passport-part*') ]] || fail "left: $(ls)"
ok "a source that changes"
fault agent-pace=

# Who answers with another key is not logged in to.
known=$(awk '$1 == "UserKnownHostsFile" { gsub("\"", "", $2); print $2; exit }' "$config")
keygen() { ssh-keygen -q -t ed25519 -N '' -C '' "$@"; }
keygen -f "$work/other"
echo "$i $(cut -d' ' -f1,2 "$work/other.pub")" >"$work/known_hosts"
sed "s|$known|$work/known_hosts|" "$config" >"$work/swapped"
tells 76 "$i: its host key is not the pinned one: it shows ssh-ed25519 SHA256:" -F "$work/swapped" "$i:data" no
fault deny=ssm:StartSession
tells 77 "StartSession" "$i:data" no
fault deny=
[[ ! -e no ]] || fail "copied nevertheless"
passport-request complete "$(passport-request list | awk 'NR == 2 { print $1 }')" >/dev/null
none() { [[ -z $(passport-request list) ]]; }
wait_for 20 none || fail "a request that is completed is there: $(passport-request list)"
tells 77 "$i: no request of yours is active for it" "$i:data" no
stop_service TERM
stop_lab
