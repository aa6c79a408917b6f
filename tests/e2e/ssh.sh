#!/bin/bash
# The real ssh, scp, sftp, rsync and git over passport-proxy to a real sshd.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
mib=${PASSPORT_TRANSFER_MIB:-100}

start_lab --agent-payload-size 65536
run() { ssh -F "$config" "$instance" "$@"; }

# shellcheck disable=SC2016  # for the instance's shell
[[ $(run 'echo "hello from $(id -un)"') == "hello from lab" ]] || fail "ssh does not run a command"
ok "ssh"
for status in 0 1 3 255; do
  rc=0
  run "exit $status" || rc=$?
  [[ $rc == "$status" ]] || fail "exit $status came back as $rc"
done
ok "exit statuses"
[[ $(printf 'in\nput' | run cat) == $'in\nput' ]] || fail "standard input does not arrive"
ok "standard input"
[[ $(ssh -tt -F "$config" "$instance" 'test -t 0 && echo terminal' </dev/null | tr -d '\r') == *terminal* ]] ||
  fail "no terminal"
ok "terminal"

# Every byte value, and bulk both ways.
head -c $((mib * 1048576)) /dev/urandom >"$work/bulk"
sum=$(sha256sum <"$work/bulk")
[[ $(ssh -F "$config" -o ProxyCommand="$proxy --payload-size 65536 %h %p" "$instance" \
  'tee copy | sha256sum' <"$work/bulk") == "$sum" ]] || fail "$mib MiB up differ"
[[ $(run 'cat copy' | sha256sum) == "$sum" ]] || fail "$mib MiB down differ"
ok "$mib MiB each way"
[[ $(head -c 3000000 "$work/bulk" | run 'cat' | sha256sum) == "$(head -c 3000000 "$work/bulk" | sha256sum)" ]] ||
  fail "3 MB there and back differ at the default payload size"
ok "there and back at once"

head -c 3000000 "$work/bulk" >"$work/file"
scp -q -F "$config" "$work/file" "$instance:file" && scp -q -F "$config" "$instance:file" "$work/scp"
same "$work/file" "$work/scp"
scp -q -O -F "$config" "$instance:file" "$work/scp-old" && same "$work/file" "$work/scp-old"
ok "scp"
sftp -q -F "$config" -b - "$instance" >/dev/null <<SFTP
put $work/file sftp-file
get sftp-file $work/sftp
rm sftp-file
SFTP
same "$work/file" "$work/sftp"
ok "sftp"

mkdir -p "$work/tree/sub"
split -b 100000 "$work/file" "$work/tree/sub/part."
rsync -a -e "ssh -F $config" "$work/tree/" "$instance:tree/"
rsync -a -e "ssh -F $config" "$instance:tree/" "$work/tree-back/"
diff -r "$work/tree" "$work/tree-back" || fail "rsync"
ok "rsync"

export GIT_CONFIG_GLOBAL=/dev/null GIT_SSH_COMMAND="ssh -F $config"
git init -q "$work/repo"
cp -r "$work/tree/sub" "$work/repo/"
git -C "$work/repo" add .
git -C "$work/repo" -c user.name=a -c user.email=a@b commit -qm one
run 'git init -q --bare repo.git'
git -C "$work/repo" push -q "$instance:repo.git" HEAD:refs/heads/main
git clone -q -b main "$instance:repo.git" "$work/clone"
diff -r -x .git "$work/repo" "$work/clone" || fail "git"
ok "git push and clone"

# 20 connections at once through ssh -L to the instance's echo port.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ssh -F "$config" -N -o ExitOnForwardFailure=yes -L "$port:127.0.0.1:7" "$instance" &
forward=$!
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
wait_for 10 listens || fail "ssh -L does not listen"
python3 - "$port" <<'PYTHON' || fail "ssh -L"
import hashlib, os, socket, sys, threading
bad = []
def talk(n):
    data = os.urandom(200000 + n)
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60)
    def say():
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    threading.Thread(target=say).start()
    back = hashlib.sha256()
    while True:
        piece = s.recv(65536)
        if not piece: break
        back.update(piece)
    if back.digest() != hashlib.sha256(data).digest(): bad.append(n)
threads = [threading.Thread(target=talk, args=(n,)) for n in range(20)]
for t in threads: t.start()
for t in threads: t.join()
sys.exit(1 if bad else 0)
PYTHON
kill "$forward"
wait "$forward" 2>/dev/null || true
ok "ssh -L with 20 connections at once"
stop_lab
