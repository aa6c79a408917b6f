#!/bin/bash
# passport-agent with real ssh-add, ssh-keygen, ssh and sshd.
# shellcheck source=tests/e2e/agent_lib.sh
. "$(dirname "$0")/agent_lib.sh"
make_cas

# Who asks for what is not there.
for verb in status list stop "drop-request r"; do
  rc=0
  # shellcheck disable=SC2086  # a verb and its id
  run_agent $verb >"$work/out" 2>"$work/err" || rc=$?
  [[ $rc == 69 && $(cat "$work/err") == *"no agent is running"*"hint: passport-agent start" ]] ||
    fail "$verb without an agent: $rc $(cat "$work/err")"
done
ok "no agent"

# Started by need; one a folder; seen by OpenSSH's programs.
add one
[[ $(stat -c '%a %F' "$dir") == "700 directory" && $(stat -c '%a' "$dir/agent.sock" "$dir/control.sock" | xargs) == "600 600" ]] ||
  fail "modes: $(ls -la "$dir")"
[[ $(run_agent start) == "$dir/agent.sock" ]] || fail "start prints no path"
pid=$(run_agent status | awk '$1 == "pid" { print $2 }')
[[ $(ssh-add -l | awk '{ print $1, $3, $4 }') == $'256 one (ED25519-CERT)\n3072 one (RSA-CERT)\n3072 one (RSA-CERT)' ]] ||
  fail "ssh-add -l: $(ssh-add -l)"
ssh-add -L >"$work/identities"
for i in 1 2 3; do sed -n "${i}p" "$work/identities" >"$work/id$i.pub"; done
[[ $(ssh-keygen -Lf "$work/id2.pub") == *"(using rsa-sha2-512)"* && $(ssh-keygen -Lf "$work/id3.pub") == *"(using ssh-rsa)"* ]] ||
  fail "the order of offer: $(cat "$work/identities")"
run_agent list --json | python3 -c '
import json, sys
request, = json.load(sys.stdin)["requests"]
assert request["id"] == "one" and request["error"] == "", request
lines = [i["certificate"] for i in request["identities"]]
assert lines == open(sys.argv[1]).read().splitlines(), lines
' "$work/identities" || fail "list --json"
[[ $(run_agent list) == *"principals $principal until"* ]] || fail "list: $(run_agent list)"
ok "listing"

# Nothing is added, removed or loaded over the socket.
keygen -t ed25519 -f "$work/foreign"
for words in "$work/foreign" "-d $work/id1.pub" -D "-s /usr/lib/none.so" "-t 60 $work/foreign"; do
  # shellcheck disable=SC2086  # an option and its argument
  if ssh-add $words </dev/null >/dev/null 2>&1; then fail "ssh-add $words is obeyed"; fi
done
[[ $(ssh-add -L) == "$(cat "$work/identities")" ]] || fail "the identities changed"
ok "what is refused"

# Signing, and the lock.
for i in 1 2; do
  ssh-keygen -Y sign -q -n test -f "$work/id$i.pub" <"$work/identities" >"$work/signature" || fail "-Y sign $i"
  ssh-keygen -Y check-novalidate -q -n test -s "$work/signature" <"$work/identities" || fail "-Y check $i"
done
ssh-add -T "$work/id1.pub" 2>"$work/err" || fail "ssh-add -T: $(cat "$work/err")"
printf '#!/bin/sh\necho secret words\n' >"$work/askpass" && chmod +x "$work/askpass"
asked() { SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force ssh-add "$@" >/dev/null 2>&1; }
asked -x || fail "ssh-add -x"
[[ $(ssh-add -l) == "The agent has no identities." ]] || fail "locked: $(ssh-add -l)"
rc=0
add two 2>"$work/err" || rc=$?
[[ $rc == 77 && $(cat "$work/err") == *locked* ]] || fail "add to a locked agent: $rc $(cat "$work/err")"
printf '#!/bin/sh\necho others\n' >"$work/askpass"
if asked -X; then fail "another passphrase unlocks"; fi
printf '#!/bin/sh\necho secret words\n' >"$work/askpass"
asked -X || fail "ssh-add -X"
[[ $(ssh-add -L) == "$(cat "$work/identities")" ]] || fail "not unlocked"
ok "signing and the lock"

# Servers: any, and those that take one of the three alone.
make_server any
gets_in any
make_server ed25519 "PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com"
gets_in ed25519
make_server sha2 "PubkeyAcceptedAlgorithms rsa-sha2-512-cert-v01@openssh.com" "CASignatureAlgorithms rsa-sha2-512"
gets_in sha2
make_server sha256 "PubkeyAcceptedAlgorithms rsa-sha2-256-cert-v01@openssh.com" "CASignatureAlgorithms rsa-sha2-512"
gets_in sha256 -o PubkeyAcceptedAlgorithms=rsa-sha2-256-cert-v01@openssh.com
make_server sha1 "PubkeyAcceptedAlgorithms ssh-rsa-cert-v01@openssh.com" "CASignatureAlgorithms ssh-rsa" "MaxAuthTries 20"
gets_in sha1 -o PubkeyAcceptedAlgorithms=ssh-rsa-cert-v01@openssh.com
ok "each kind of signature"

# Another client than OpenSSH's, by the same servers.
for server in any ed25519 sha2; do
  proxy="/usr/sbin/sshd -i -f $work/$server.conf -E $work/$server.log"
  [[ $("$build/tests/e2e/libssh_login" "$proxy" "$server" "$work/$server.known" 2>"$work/err") == in ]] ||
    fail "libssh at $server: $(cat "$work/err"; tail -n 5 "$work/$server.log")"
done
ok "libssh"

# A full agent of the user's and a server that hears two tries.
make_server strict "MaxAuthTries 2"
mkdir "$work/others"
for i in $(seq 20); do keygen -t ed25519 -f "$work/others/$i"; done
eval "$(env -u SSH_AUTH_SOCK ssh-agent -s)" >/dev/null
ssh-add -q "$work"/others/*[0-9]
asks=$SSH_AUTH_SOCK stays_out strict
gets_in strict -o IdentitiesOnly=yes -o CertificateFile="$work/id1.pub" -o IdentityFile="$work/id1.pub"
ssh-agent -k >/dev/null
export SSH_AUTH_SOCK=$dir/agent.sock
ok "20 other keys and MaxAuthTries 2"

# Certificates that do not let in.
principals=rs-other make_server other
stays_out other
make_server revoking "RevokedKeys $work/krl"
ssh-keygen -q -k -f "$work/krl" "$work/id1.pub" "$work/id2.pub" "$work/id3.pub"
stays_out revoking
make_server any
run_agent drop-request one
[[ $(ssh-add -l) == "The agent has no identities." ]] || fail "dropped: $(ssh-add -l)"
stays_out any
rc=0
add old -2h:-1h 2>"$work/err" || rc=$?
[[ $rc == 77 && $(cat "$work/err") == *"certificate that is over"* ]] || fail "expired: $rc $(cat "$work/err")"
rc=0
add later +1h:+2h 2>"$work/err" || rc=$?
[[ $rc == 77 && $(cat "$work/err") == *"not valid yet"* ]] || fail "not yet valid: $rc $(cat "$work/err")"
add soon +2m:+1h
stays_out any
run_agent drop-request soon
ok "expired, not yet valid, wrong principal, revoked"

# Keys by choice; what a certificate command may do wrong.
add chosen -1m:+1h --keyType rsa
[[ $(ssh-add -l | awk '{ print $4 }' | sort -u) == "(RSA-CERT)" ]] || fail "--keyType: $(ssh-add -l)"
gets_in any
run_agent drop-request chosen
# wrong STATUS TEXT COMMAND
wrong() {
  rc=0
  run_agent add-request --certificate-command "$3" bad 2>"$work/err" || rc=$?
  [[ $rc == "$1" && $(cat "$work/err") == *"$2"* && $(grep -vc 'hint: ' "$work/err") == 1 ]] || fail "$3: $rc $(cat "$work/err")"
}
wrong 69 'it exited with status 3: no CA' 'echo warming up >&2; echo no CA >&2; exit 3'
wrong 69 'it was ended by signal 9' 'kill -9 $$'
wrong 65 'it wrote no certificate' 'cat >/dev/null'
wrong 65 'line 1' 'echo hello'
wrong 65 'line 1' 'cat'
wrong 77 'a certificate of another key' "cat '$work/id1.pub'"
wrong 65 'larger than 64 KiB' 'head -c 70000 /dev/zero'
wrong 69 'status 127' '/nonexistent'
wrong 65 'line 1' "printf '\033[31mred\n'"
[[ $(ssh-add -l) == "The agent has no identities." ]] || fail "something was kept"
[[ $(run_agent list) == "" ]] || fail "list: $(run_agent list)"
ok "certificate commands"

# Bound to servers; and never for another machine.
make_server bound
make_server elsewhere
add tied -1m:+1h --host-key "$work/bound.key.pub"
gets_in bound
stays_out elsewhere
command='ssh-add -l' login bound -A >"$work/out" || true
grep -q 'no identities' "$work/out" || fail "forwarded: $(cat "$work/out" "$work/ssh.err")"
run_agent drop-request tied
add free
gets_in elsewhere
command="ssh-add -T '$work/id1.pub'" login bound -A >"$work/out" 2>&1 && fail "signed for another machine"
run_agent drop-request free
ok "host keys and forwarding"

# Renewed before a certificate ends, with the same key; dropped at the end of the request.
add brief -1s:+15s --keyType ed25519
ssh-add -L >"$work/first"
changed() { [[ $(ssh-add -L) != "$(cat "$work/first")" ]]; }
wait_for 12 changed || fail "not renewed: $(run_agent list)"
key_of() { ssh-keygen -Lf "$1" | awk '/Public key/ { print $4 }'; }
ssh-add -L >"$work/second"
[[ $(key_of "$work/first") == "$(key_of "$work/second")" ]] || fail "renewed with another key"
add brief -1m:+1h --keyType ed25519 --for 2s
gone() { [[ $(run_agent list) == "" && $(ssh-add -l) == "The agent has no identities." ]]; }
wait_for 5 gone || fail "still there: $(run_agent list)"
ok "renewal and end"

# One that was killed leaves nothing in the way; several starts make one agent.
kill -KILL "$pid"
dead() { ! kill -0 "$pid" 2>/dev/null; }
wait_for 5 dead || fail "it outlives SIGKILL"
rc=0
ssh-add -l >/dev/null 2>&1 || rc=$?
[[ $rc == 2 && -S $dir/agent.sock ]] || fail "killed: $rc"
for _ in 1 2 3 4; do run_agent start >/dev/null & done
wait
pids=$(pgrep -f "^$agent start --directory $dir" | wc -l)
[[ $pids == 1 ]] || fail "$pids agents"
run_agent stop
gone_files() { [[ ! -e $dir/agent.sock && ! -e $dir/control.sock ]]; }
wait_for 5 gone_files || fail "stop leaves $(ls "$dir")"
ok "stale sockets"

# It ends by itself; in the foreground; with sockets of a service manager.
run_agent start --idle 1s >/dev/null
wait_for 5 gone_files || fail "an idle agent stays"
run_agent start --foreground --idle 1s || fail "foreground: status $?"
python3 - "$agent" "$dir" <<'EOF' || fail "socket activation"
import os, socket, subprocess, sys, time
agent, folder = sys.argv[1:]
pair = []
for name in ("control.sock", "agent.sock"):
    s = socket.socket(socket.AF_UNIX); s.bind(f"{folder}/{name}"); s.listen(); pair.append(s)
def pass_on():
    for at, s in enumerate(pair):
        os.dup2(s.fileno(), 100 + at)
    for at in range(2):
        os.dup2(100 + at, 3 + at); os.set_inheritable(3 + at, True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="a:b")
child = os.fork()
if child == 0:
    pass_on(); os.execv(agent, [agent, "start", "--foreground", "--directory", folder])
status = subprocess.run([agent, "status", "--directory", folder], stdout=subprocess.PIPE, check=True).stdout
assert f"pid {child}\n".encode() in status, status
assert b"no identities" in subprocess.run(["ssh-add", "-l"], stdout=subprocess.PIPE).stdout
subprocess.run([agent, "stop", "--directory", folder], check=True)
assert os.waitpid(child, 0)[1] == 0
assert os.path.exists(f"{folder}/agent.sock"), "its files are the service manager's"
EOF
rm "$dir"/*.sock
ok "idle, foreground, socket activation"

# 1,000 clients that say half a message, or nothing, hold up nobody.
run_agent start >/dev/null
python3 - "$dir/agent.sock" <<'EOF' || fail "many clients"
import resource, socket, struct, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
def connect():
    s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(sys.argv[1]); return s
idle = [connect() for _ in range(1000)]
for s in idle[::2]: s.sendall(b"\0\0\1")
start = time.monotonic()
last = connect(); last.sendall(struct.pack(">IB", 1, 11))
assert last.recv(9) == b"\0\0\0\5\14\0\0\0\0"
assert time.monotonic() - start < 1, time.monotonic() - start
for s in idle[1::2]: s.sendall(struct.pack(">IB", 1, 11))
for s in idle[1::2]: assert s.recv(9) == b"\0\0\0\5\14\0\0\0\0"
for length, closes in ((262144, False), (262145, True), (0xffffffff, True)):
    s = connect(); s.sendall(struct.pack(">I", length))
    s.settimeout(0.3)
    try: closed = s.recv(1) == b""
    except TimeoutError: closed = False
    assert closed == closes, (length, closed)
EOF
run_agent stop
ok "1,000 clients"

# The folder is nobody else's.
chmod 755 "$dir"
rc=0
run_agent start 2>"$work/err" || rc=$?
[[ $rc == 77 && $(cat "$work/err") == *"other users may enter"*chmod* ]] || fail "an open folder: $rc $(cat "$work/err")"
chmod 700 "$dir"
ok "the folder"
