#!/bin/bash
# Logins by api/ssh_login: to a real sshd behind a ProxyCommand, with the keys of passport-agent.
# shellcheck source=tests/e2e/agent_lib.sh
. "$(dirname "$0")/agent_lib.sh"
make_cas
for n in 1 2 3 4 5 6 7 8; do add "ar-other$n" -1m:+1h --keyType ed25519; done
principal=rs-0a1b add ar-mine
own() { run_agent list --json | python3 -c '
import json, sys
for r in json.load(sys.stdin)["requests"]:
    if r["id"] == sys.argv[1]:
        for i in r["identities"]: print(i["certificate"])' "$1"; }
number=0
own ar-mine >"$work/lines"
while read -r line; do
  number=$((number + 1))
  echo "$line" >"$work/own-$number.pub"
done <"$work/lines"
[[ $number == 3 ]] || fail "$number certificates: $(cat "$work/lines")"

# try SERVER [COMMAND]: prints what came of it.
try() {
  local command=${2:-/usr/sbin/sshd -i -f $work/$1.conf -E $work/$1.log}
  timeout 60 "$build/tests/e2e/ssh_login_try" "${seconds:-30}" "$command" "${as:-$1}" "$work/${known:-$1}.known" "$me" \
    "${socket:-$dir/agent.sock}" "${certificates[@]}" >"$work/tried" 2>&1 || true
  cat "$work/tried"
}
# tells TEXT SERVER [COMMAND]: it fails so, in one line and a hint at most, and leaves no process behind.
tells() {
  local text=$1
  shift
  try "$@" >/dev/null
  [[ $(head -n 1 "$work/tried") == *"$text"* && $(grep -vc '^hint: ' "$work/tried") == 1 ]] || fail "$1: said '$(cat "$work/tried")', not '$text'"
  if pgrep -f "$work/[a-z]*.conf" >/dev/null; then fail "$1: left $(pgrep -fa "$work/[a-z]*.conf")"; fi
  ok "$text"
}
certificates=("$work"/own-[123].pub)
make_server plain "MaxAuthTries 3"
[[ $(try plain) == in ]] || fail "no login: $(cat "$work/tried" "$work/plain.log")"
ok "a full agent, and a server of three tries"
for algorithm in ssh-ed25519-cert-v01@openssh.com rsa-sha2-512-cert-v01@openssh.com; do
  make_server one "PubkeyAcceptedAlgorithms $algorithm" "MaxAuthTries 3"
  [[ $(try one) == in ]] || fail "$algorithm: $(cat "$work/tried" "$work/one.log")"
done
make_server sha1 "CASignatureAlgorithms ssh-rsa" "PubkeyAcceptedAlgorithms +ssh-rsa-cert-v01@openssh.com" "MaxAuthTries 4"
[[ $(try sha1) == in ]] || fail "signed with SHA-1: $(cat "$work/tried" "$work/sha1.log")"
ok "each of its certificates"

make_server other "HostKey $work/plain.key"
sed "s/^plain/other/" "$work/plain.known" | sed "s|AAAA.*|$(cut -d' ' -f2 "$work/one.key.pub")|" >"$work/swapped.known"
known=swapped tells "host key 76: its host key is not the pinned one: it shows ssh-ed25519 SHA256:" other
as=nobody known=plain tells "host key 76: its host key is not the pinned one" other
echo "passport-proxy: i-1: the instance is offline
passport-proxy: hint: start it" >"$work/said"
tells "tunnel 69: i-1: the instance is offline" plain "sh -c 'cat $work/said >&2; exit 69'"
grep -qx 'hint: start it' "$work/tried" || fail "no hint: $(cat "$work/tried")"
tells "tunnel 77: no token" plain "sh -c 'echo passport-proxy: no token >&2; exit 77'"
tells "tunnel 69: the tunnel closed: it exited with status 3" plain "sh -c 'exit 3'"
tells "tunnel 69: " plain "/nonexistent/proxy"
tells "tunnel 69: the SSH server closed the connection" plain true
seconds=1 tells "tunnel 75: the SSH server did not answer in time" plain "sleep 100"
seconds=1 tells "tunnel 75: the SSH server did not answer in time" plain "sh -c 'trap \"\" HUP; cat $work/plain.conf >&2; sleep 1234'"
if pgrep -x -f "sleep 1234" >/dev/null; then fail "a process of the tunnel's was left"; fi
seconds=2 tells "tunnel 7" plain "yes nonsense"

for tries in 1 3 6; do
  principals=rs-else make_server else "MaxAuthTries $tries"
  seconds=5 tells "login 77: the server lets $me in with none of its certificates" else
done
make_server plain
socket=$work/none tells "login 69: passport-agent does not answer at $work/none" plain
certificates=("$work/nothing.pub")
tells "login 77: there is no certificate for it" plain
certificates=("$work"/own-[123].pub)
run_agent drop-request ar-mine
tells "login 77: passport-agent does not hold its keys any more" plain
ok "refusals"
