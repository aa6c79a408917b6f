#!/bin/bash
# passport-copy and servers of many kinds: without sftp, without a shell, with few sessions, full, and ill-meaning.
# shellcheck source=tests/e2e/agent_lib.sh
. "$(dirname "$0")/agent_lib.sh"
here=$(readlink -f "$(dirname "$0")")
copy=$build/client/passport-copy
export XDG_STATE_HOME=$work/state
unset XDG_RUNTIME_DIR
make_cas
add ar-1 -1m:+1h --keyType ed25519
run_agent list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["requests"][0]["identities"][0]["certificate"])' >"$work/own.pub"

# server NAME LINE...: an sshd, and a host of $work/config, that passport-copy reaches by that name.
server() {
  make_server "$@"
  cat >>"$work/config" <<EOF
Host $1
  HostKeyAlias $1
  User $me
  ProxyCommand ${through:-}/usr/sbin/sshd -i -f $work/$1.conf -E $work/$1.log
  IdentityAgent $dir/agent.sock
  IdentityFile $work/own.pub
  UserKnownHostsFile $work/$1.known
  StrictHostKeyChecking yes
  BatchMode yes
EOF
}
run() { timeout 60 "$copy" -F "${file:-$work/config}" "$@" 2>"$work/err" >"$work/out" </dev/null; }
copies() { run "$@" || fail "$*: status $?: $(cat "$work/err")"; }
# tells STATUS TEXT ARGUMENT...: it ends so and says TEXT in its first line, with no more than a hint.
tells() {
  local rc=0
  run "${@:3}" || rc=$?
  [[ $rc == "$1" ]] || fail "${*:3}: status $rc, not $1: $(cat "$work/err")"
  [[ $(head -n 1 "$work/err") == "passport-copy: "*"$2"* && ! -s $work/out ]] || fail "${*:3}: said $(cat "$work/err")"
  [[ $(grep -vc '^passport-copy: hint: \|^usage: \|^       passport-copy ' "$work/err") == "${lines:-1}" ]] || fail "${*:3}: said $(cat "$work/err")"
  ok "$2"
}
left() { find "$work/there" "$work/here" -name '*passport-part*'; }
nothing_left() { [[ -z $(left) ]] || fail "left: $(left)"; }
mkdir "$work/there" "$work/here"
cd "$work/here"
head -c 3000000 /dev/urandom >"$work/data"
sftp="Subsystem sftp /usr/lib/openssh/sftp-server"

server plain "$sftp"
copies "$work/data" "plain:$work/there/up"
same "$work/data" "$work/there/up"
copies "plain:$work/there/up" down
same "$work/data" down
copies -j 1 "$work/data" "plain:$work/there/up" # over what is there
nothing_left
ok "a plain server"

server one "$sftp" "MaxSessions 1"
copies "$work/data" "one:$work/there/one"
copies "one:$work/there/one" one
same "$work/data" one
[[ ! -s $work/err ]] || fail "said: $(cat "$work/err")"
nothing_left
ok "one channel at a time"

server shelless "Subsystem sftp internal-sftp" "ForceCommand internal-sftp"
copies "$work/data" "shelless:$work/there/shelless"
[[ $(cat "$work/err") == "passport-copy: shelless: no program there computes SHA-256: the sizes alone were compared" ]] || fail "said: $(cat "$work/err")"
copies "$work/data" "shelless:$work/there/shelless" # over what is there
copies "shelless:$work/there/shelless" shelless
same "$work/data" shelless
nothing_left
ok "a server without a shell"

mkdir "$work/bin"
for program in sh head mv openssl; do ln -s "$(command -v $program)" "$work/bin"; done
server openssl "$sftp" "SetEnv PATH=$work/bin"
copies "openssl:$work/there/up" by-openssl
[[ ! -s $work/err ]] || fail "said: $(cat "$work/err")"
rm "$work/bin/openssl"
copies "openssl:$work/there/up" by-nothing
grep -q 'no program there computes SHA-256' "$work/err" || fail "said: $(cat "$work/err")"
same "$work/data" by-openssl
ok "whatever hashes"

server old
copies "$work/data" "old:$work/there/old"
grep -q 'it has no sftp: scp copies' "$work/err" || fail "said: $(cat "$work/err")"
copies -q "old:$work/there/old" old
same "$work/data" old
# shellcheck disable=SC2016  # as it stands
odd='a  b;touch canary;$(touch canary)'"'"
copies "$work/data" "old:$work/there/$odd"
same "$work/data" "$work/there/$odd"
copies "old:$work/there/a  b*" .
same "$work/data" "$odd"
[[ -z $(find "$work" ~ -maxdepth 2 -name canary) ]] || fail "a name was run"
tells 64 'scp -O cannot copy a name with a line feed' "old:a"$'\n'b .
ok "a server without sftp"

echo "#!/bin/sh
mkdir $work/taken 2>/dev/null && exec \"\$@\"
echo 'passport-proxy: one at a time' >&2; exit 77" >"$work/once"
chmod +x "$work/once"
through="$work/once " server alone "$sftp"
head -c 60000000 /dev/zero >zeros
copies zeros "alone:$work/there/alone"
[[ $(cat "$work/err") == "passport-copy: alone: one session less: one at a time" ]] || fail "said: $(cat "$work/err")"
tells 77 "alone: one at a time" "$work/data" "alone:$work/there/alone2"
same zeros "$work/there/alone"
nothing_left
ok "a second session is refused"

# What is not a regular file, and what is in the way.
mkfifo fifo
mkdir folder "$work/there/folder"
tells 75 "fifo: it is no regular file" fifo "plain:$work/there/x"
tells 64 "folder: it is a folder, and -r is not given" folder "plain:$work/there/x"
tells 64 "plain:$work/there/folder: it is a folder, and -r is not given" "plain:$work/there/folder" x
tells 75 "/dev/null: it is no regular file" "plain:$work/there/up" /dev/null
tells 69 "nothing: no such file" nothing "plain:$work/there/x"
tells 69 "plain:$work/there/nothing: no such file or folder" "plain:$work/there/nothing" x
tells 69 "plain:$work/there/n*: nothing there has such a name" "plain:$work/there/n*" x
tells 69 "no/such/x: no such file or directory" "plain:$work/there/up" no/such/x
tells 69 "plain:$work/there/no/x: no such file or folder" "$work/data" "plain:$work/there/no/x"
tells 64 "x: it is no folder" "plain:$work/there/up" "plain:$work/there/old" x
tells 64 "plain:$work/there/x: it is no folder" "$work/data" down "plain:$work/there/x"
tells 64 "x/: it is no folder" "plain:$work/there/up" x/
mkdir "$work/there/folder/data"
tells 75 "plain:$work/there/folder/data: it is a folder" "$work/data" "plain:$work/there/folder"
left | xargs rm
tells 64 "neither end is on an instance" a b
tells 64 "from one instance to another" plain:a plain:b
tells 64 "it wants a file and where it goes to" plain:a
tells 64 "-j wants a number from 1 to 64" -j 0 plain:a b
tells 77 "unknown: no request of yours is active for it" unknown:a b
file=$work/nothing tells 78 "Can't open user config file $work/nothing" plain:a b
lines=2 tells 69 "nothing: no such file" nothing fifo down "plain:$work/there/folder"
same down "$work/there/folder/down"
nothing_left
ok "what can be copied is"

# A file there that somebody else has put in the way of ours.
echo precious >"$work/precious"
ln -s "$work/precious" "$work/there/trap.passport-part"
ln -s "$work/precious" "$work/here/trap.passport-part"
copies "$work/data" "plain:$work/there/trap"
[[ $(cat "$work/precious") == precious && ! -L $work/there/trap ]] || fail "a link was followed there"
tells 69 "trap: " "plain:$work/there/up" trap
[[ $(cat "$work/precious") == precious && ! -e trap ]] || fail "a link was followed here"
rm trap.passport-part
ln -s down linked
copies "plain:$work/there/old" linked
[[ -L linked ]] || fail "a link of the user's own is gone"
ln -s old "$work/there/linked"
copies "$work/data" "plain:$work/there/linked"
[[ -L $work/there/linked ]] || fail "a link there is gone"
mkfifo "$work/there/fifo"
tells 75 "fifo: it is no regular file" "$work/data" "plain:$work/there/fifo"
mkdir -p tree/d
echo 1 >tree/x
echo 1 >tree/d/y
copies -r tree "plain:$work/there/tree"
mkdir -p below/tree "$work/elsewhere"
ln -s "$work/elsewhere" below/tree/d
ln -s "$work/precious" below/tree/x
tells 75 "below/tree/d: something that is no folder is in its way" -r "plain:$work/there/tree" below
[[ -z $(ls "$work/elsewhere") && $(cat "$work/precious") == precious && $(cat below/tree/x) == 1 ]] || fail "a link led out"
tells 75 "down: something that is no folder is in its way" -r "plain:$work/there/tree" down
echo 2 >tree/x.passport-part
lines=1 tells 75 "it has the name of a copy under way" -r tree "plain:$work/there/tree"
ok "links and names in the way"

# Disks without room.
if [[ $(id -u) == 0 ]]; then
  mkdir "$work/small"
  # shellcheck disable=SC2016  # for the inner one
  unshare -m bash -c 'mount -t tmpfs -o size=1m tmpfs "$0/small"
    cd "$0/here"
    for way in "plain:$0/there/up $0/small/full" "$0/data plain:$0/small/full"; do
      "$1" -F "$0/config" $way 2>"$0/err" && exit 1
      grep -c . "$0/err"; cat "$0/err"; ls "$0/small"; rm -f "$0"/small/* "$0"/small/.[!.]*
    done' "$work" "$copy" >"$work/full" || fail "a full disk is no failure: $(cat "$work/err")"
  [[ $(grep -c 'no space left' "$work/full") == 2 && $(grep -cx 'full' "$work/full") == 0 ]] || fail "a full disk: $(cat "$work/full")"
  [[ $(head -n 1 "$work/full") == 1 ]] || fail "a full disk: $(cat "$work/full")"
  ok "full disks"
fi

server evil "Subsystem sftp $(python3 -c "import sys; print(sys.executable)") $here/evil_sftp.py" "SetEnv PATH=$work/nothing"
mkdir out
cd out
lines=7 tells 76 'a name that no file here may have' -r evil:/names .
[[ $(find . -type f -printf x) == xx && $(cat names/good) == hello ]] || fail "took $(find .)"
[[ -z $(find "$work" /tmp -maxdepth 1 -name escaped) ]] || fail "written outside"
if grep -q $'\x1b' "$work/err"; then fail "told a terminal what to do"; fi
lines=2 tells 65 'it lies too deep' -r evil:/deep .
lines=2 tells 75 'a link leads back to a folder above' -r evil:/round .
tells 75 'short: it became shorter while it was copied' evil:/short .
tells 69 'huge: ' evil:/huge .
tells 75 'long: ' evil:/long .
[[ ! -e short && ! -e long && ! -e huge ]] || fail "a name for what is not whole"
tells 65 'it has more than 250000 files' -r evil:/many .
ok "a server that means no good"

# faulty NAME RULE...: a server with the faults of sftp_fault.py.
faulty() {
  mkdir "$work/sessions.$1"
  server "$1" "Subsystem sftp $(python3 -c "import sys; print(sys.executable)") $here/sftp_fault.py $work/sessions.$1 ${*:2}"
}
cd "$work/here"
rm -r out tree below "$work/there/tree"
faulty mixed 1:plain 1:stall:write:3:2 2:stall:write:2:1000
head -c 20000000 /dev/urandom >twenty
copies -j 2 twenty "mixed:$work/there/mixed"
[[ -d $work/sessions.mixed/2 ]] || fail "there was no second session"
same twenty "$work/there/mixed"
nothing_left
ok "sessions with other limits, one of them stalled"

# Who looks for files breaks off, and does not get in again.
echo "#!/bin/sh
{ mkdir $work/first || mkdir $work/second; } 2>/dev/null && exec \"\$@\"
echo 'passport-proxy: no more' >&2; exit 77" >"$work/twice"
chmod +x "$work/twice"
mkdir -p many/{a,b}
for n in {1..40}; do head -c 30000 /dev/urandom >"many/a/$n"; done
echo 1 >many/b/x
copies -r many "plain:$work/there/many"
through="$work/twice " faulty looking 1:end:opendir:3:2
copies -j 2 -r "looking:$work/there/many" looking
[[ $(cat "$work/err") == "passport-copy: looking: one session less: no more" ]] || fail "said: $(cat "$work/err")"
diff -r many looking || fail "what is in them"
faulty closed 1:deny:stat:1
tells 77 "closed:$work/there/x: permission denied" "$work/data" "closed:$work/there/x"
ok "who looks for files breaks off"

# What is no file keeps its name, also below a folder.
echo small >small
mkdir kinds "$work/there/kinds" "$work/there/kinds/d"
for kind in fifo folder socket dangling; do cp "$work/data" kinds/$kind; done
mkfifo "$work/there/kinds/fifo"
ln -s d "$work/there/kinds/folder"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$work/there/kinds/socket"
ln -s nowhere "$work/there/kinds/dangling"
for host in plain shelless; do
  run -r kinds "$host:$work/there" && fail "$host: it is no failure"
  [[ $(grep -c 'kinds/fifo: it is no regular file\|kinds/socket: it is no regular file\|kinds/folder: it is a folder' "$work/err") == 3 ]] || fail "said: $(cat "$work/err")"
  [[ -p $work/there/kinds/fifo && -S $work/there/kinds/socket && -L $work/there/kinds/folder && -z $(ls "$work/there/kinds/d") ]] || fail "$host: what is there is gone"
  same "$work/data" "$work/there/kinds/dangling"
done
left | xargs rm
# It is renamed, and the answer is lost.
# shellcheck disable=SC2016  # for the server
printf '%s\n' '#!/bin/sh' 'PATH=/usr/bin:/bin mv "$@"' 'echo surprise' >"$work/loud"
chmod +x "$work/loud"
rm "$work/bin/mv"
ln -s "$work/loud" "$work/bin/mv"
server loud "$sftp" "SetEnv PATH=$work/bin"
lines=2 tells 75 "the sizes alone were compared" small "loud:$work/there/loud"
grep -q 'there/loud: what was copied has this name already, or is gone' "$work/err" || fail "said: $(cat "$work/err")"
same small "$work/there/loud"
ok "what is no file stays, and what is whole"

# What an earlier copy has left is not believed where nothing can hash.
# journal MTIME: one, of the source on standard input, that says that all of $work/data was copied.
journal() { echo "{\"version\":1,\"source\":\"$(sha256sum | cut -d' ' -f1)\",\"size\":3000000,\"mtime\":$1,\"done\":[[0,3000000]]}"; }
copies "$work/data" "shelless:$work/there/again"
cd "$work/here"
truncate -s 3000000 again.passport-part "$work/there/other.passport-part"
chmod 600 "$work/there/other.passport-part"
printf %s "shelless:$work/there/again" | journal "$(stat -c %Y "$work/there/again")" >again.passport-part.journal
copies "shelless:$work/there/again" .
same "$work/data" again
mkdir -p "$XDG_STATE_HOME/passport/copies"
source=$(printf '%s\n%s\n%s\0%s' shelless "$me" "$work/data" "$work/there/other" | sha256sum | cut -d' ' -f1)
printf '%s\n%s\n%s\0%s' shelless "$me" "$work/data" "$work/there/other" |
  journal "$(python3 -c 'import os, sys; print(os.stat(sys.argv[1]).st_mtime_ns)' "$work/data")" >"$XDG_STATE_HOME/passport/copies/$source.journal"
copies "$work/data" "shelless:$work/there/other"
same "$work/data" "$work/there/other"
[[ ! -e $XDG_STATE_HOME/passport/copies/$source.journal ]] || fail "the journal was not read"
nothing_left
ok "what is left is copied once more"

# Two copies at once to the same place, there and here.
faulty busy 1:stall:write:3:1000 3:stall:read:3:1000
# twice_at_once SESSIONS NAMED SOURCE TARGET HERE: the second begins with so many sessions begun, and is refused.
twice_at_once() {
  local sessions=$1
  shift
  "$copy" -F "$work/config" -j 1 "${@:2:2}" 2>/dev/null &
  pid=$!
  wait_for 20 begun "$4" "$sessions"
  tells 69 "$1: another copy is writing it" "${@:2:2}"
  kill -TERM "$pid"
  wait "$pid" || true
}
begun() { [[ -e $1.passport-part && -d $work/sessions.busy/$2 ]]; }
twice_at_once 1 "busy:$work/there/busy" twenty "busy:$work/there/busy" "$work/there/busy"
twice_at_once 3 busy.passport-part "busy:$work/there/mixed" busy busy
left | xargs -r rm
ln "$work/precious" late.passport-part
tells 69 "late: file exists" "plain:$work/there/mixed" late
[[ $(cat "$work/precious") == precious ]] || fail "another name of a file was written to"
rm late.passport-part
ok "others that write"

# Names of a copy's own.
mkdir "$work/there/own"
long=$(printf 'n%.0s' {1..250})
for name in x x.passport-part.journal "$long" "${long:0:160}~$(printf %s "$long" | sha256sum | cut -d' ' -f1).passport-part"; do
  echo "$name" >"$work/there/own/$name"
done
run -r "plain:$work/there/own" own && fail "it is no failure"
[[ $(grep -c 'it has the name of a copy under way' "$work/err") == 2 ]] || fail "said: $(cat "$work/err")"
[[ $(find own -type f -printf x) == xx ]] || fail "took $(ls own)"
ok "names of a copy's own"
