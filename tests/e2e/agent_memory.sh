#!/bin/bash
# No private key is in passport-agent's memory while it is idle, in a core of it, or in a file; and nobody
# but root can look. tests/support/key_recorder.cc says what to look for.
# shellcheck source=tests/e2e/agent_lib.sh
. "$(dirname "$0")/agent_lib.sh"
here=$(dirname "$0")
[[ $(id -u) == 0 ]] || exit 77
command -v gcore >/dev/null || fail "gcore is missing"
make_cas
mkdir -m 700 "$dir" "$work/cores"
record=$work/record
ulimit -c unlimited

LD_PRELOAD=$build/tests/e2e/libkey_recorder.so PASSPORT_RECORD=$record \
  "$agent" start --foreground --directory "$dir" 2>"$work/agent.err" &
pid=$!
answers() { run_agent status >"$work/status" 2>&1; }
wait_for 10 answers || fail "the agent does not start: $(cat "$work/agent.err")"
add one
for name in seed rsa-factor2; do grep -q "^$name " "$record" || fail "no $name was recorded"; done
# found PLACE...: private keys there; the public number n shows that the search works.
found() {
  python3 "$here/find_keys.py" "$record" "$@" >"$work/found"
  grep -v '^n in' "$work/found" || true
}
clean() {
  local hits
  hits=$(found "$1")
  [[ -z $hits ]] || fail "$2: $hits"
  [[ $2 == files || $(cat "$work/found") == "n in $1"* ]] || fail "$2: the search does not work"
}
clean "$pid" "idle memory"
ok "idle memory"

ssh-add -L >"$work/identities"
"$here/sign_often.py" "$SSH_AUTH_SOCK" 1000 || fail "signing"
[[ $(run_agent status | awk '$1 == "signatures" { print $2 }') == 1000 ]] || fail "not 1,000 signatures"
clean "$pid" "memory after 1,000 signatures"
ok "memory after 1,000 signatures"

gcore -o "$work/cores/core" "$pid" >"$work/gcore.out" 2>&1 || fail "gcore: $(cat "$work/gcore.out")"
clean "$work/cores/core.$pid" "a core"
rm "$work/cores/core.$pid"
ok "a core"

# What it has locked, and what it may not leave behind.
[[ $(awk '$1 == "VmLck:" { print $2 }' "/proc/$pid/status") -ge 256 ]] || fail "nothing is locked"
[[ $(awk '$1 == "VmSwap:" { print $2 }' "/proc/$pid/status") == 0 ]] || fail "swapped"
grep -q 'Max core file size *0 *0' "/proc/$pid/limits" || fail "cores are allowed"
kill -SEGV "$pid"
wait "$pid" 2>/dev/null || true
rm -rf "$work/cores"
[[ -z $(find "$work" "$PWD" -maxdepth 2 -name 'core*' 2>/dev/null) ]] || fail "a core was left"
mkdir "$work/places"
mv "$dir" "$work/places/agent"
clean "$work/places" "files"
ok "files and cores"

# The same search finds a key that lies open.
python3 - "$record" "$work/places/open" <<'EOF'
import sys
seed = next(l.split()[1] for l in open(sys.argv[1]) if l.startswith("seed "))
open(sys.argv[2], "wb").write(b"x" * 1000 + bytes(b ^ 0x5A for b in bytes.fromhex(seed)))
EOF
[[ $(found "$work/places") == "seed in "* ]] || fail "an open key is not found"
ok "the search"

# Another process of the same user, and another user.
mv "$work/places/agent" "$dir"
user=passport-agent-$$
useradd --create-home "$user"
trap 'pkill -KILL -u $user; userdel -rf $user >/dev/null 2>&1; cleanup' EXIT
cp "$agent" "/home/$user/passport-agent"
as_user() { setpriv --reuid "$user" --regid "$user" --clear-groups env HOME="/home/$user" "$@"; }
theirs=/home/$user/agent
as_user "/home/$user/passport-agent" start --directory "$theirs" >/dev/null || fail "as $user"
pid=$(as_user "/home/$user/passport-agent" status --directory "$theirs" | awk '$1 == "pid" { print $2 }')
for file in mem environ maps; do
  if as_user head -c 1 "/proc/$pid/$file" >/dev/null 2>&1; then fail "$user reads $file"; fi
done
as_user python3 -c '
import ctypes, sys
ATTACH = 16
sys.exit(ctypes.CDLL(None).ptrace(ATTACH, int(sys.argv[1]), None, None) == 0)' "$pid" || fail "$user traces it"
chmod 755 "/home/$user" "$theirs"
chmod 666 "$theirs/agent.sock" "$theirs/control.sock"
other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
if SSH_AUTH_SOCK=$theirs/agent.sock other ssh-add -l >"$work/out" 2>&1; then fail "another user lists"; fi
if other "$agent" list --directory "$theirs" >/dev/null 2>&1; then fail "another user controls"; fi
grep -q 'another user was refused' "$theirs/agent.log" || fail "nothing was said of it"
ok "other processes and users"
