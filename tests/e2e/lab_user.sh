#!/bin/bash
# A lab of an ordinary user: up, ssh and scp over it, down. Root makes a user for it.
# The script calls itself as that user, with the programs where that user can read them.
set -euo pipefail

build=${PASSPORT_BUILD_DIR:?}
fail() {
  echo "lab_user: FAILED: $*" >&2
  exit 1
}

as_root() {
  command -v newuidmap >/dev/null || exit 77
  local user=passport-lab-test-$$ work
  work=$(mktemp -d "${TMPDIR:-/tmp}/passport-lab-user.XXXXXX")
  # shellcheck disable=SC2064  # now
  trap "pkill -KILL -u $user 2>/dev/null; userdel -r $user 2>/dev/null; rm -rf '$work'" EXIT
  useradd --create-home --shell /bin/bash "$user"
  mkdir -p "$work/build/lab" "$work/build/proxy"
  cp "$build/lab/passport-lab" "$work/build/lab/"
  cp "$build/proxy/passport-proxy" "$work/build/proxy/"
  cp "$0" "$work/lab_user.sh"
  chmod -R a+rX "$work"
  su - "$user" -c "PASSPORT_BUILD_DIR='$work/build' bash '$work/lab_user.sh'" ||
    fail "as $user: status $?"
  [[ ! -e /home/$user/lab ]] || fail "the lab left its state"
}

as_user() {
  local lab=$build/lab/passport-lab work
  work=$(mktemp -d)
  # shellcheck disable=SC2064  # now
  trap "'$lab' down --state '$work/lab' >/dev/null 2>&1; rm -rf '$work'" EXIT
  "$lab" up --state "$work/lab" --instances 2 >"$work/up" || fail "the lab does not start"
  grep -q "^instance .* online user-namespaces" "$work/up" ||
    fail "no namespaces: $(cat "$work/up")"
  # shellcheck disable=SC1091  # written by the lab
  . "$work/lab/env"
  local run=(ssh -F "$work/lab/ssh_config")
  [[ $("${run[@]}" i-00000000000000001 'id -un; hostname' | xargs) == "lab lab-1" ]] ||
    fail "ssh to the first instance"
  [[ $("${run[@]}" i-00000000000000002 hostname) == lab-2 ]] || fail "ssh to the second"
  head -c 3000000 /dev/urandom >"$work/file"
  scp -q -F "$work/lab/ssh_config" "$work/file" i-00000000000000002:file
  "${run[@]}" i-00000000000000002 cat file | cmp - "$work/file" || fail "scp"
  "$lab" down --state "$work/lab" || fail "down"
  [[ ! -e $work/lab ]] || fail "the lab left its state"
  echo "ok: a lab of an ordinary user"
}

if [[ $(id -u) == 0 ]]; then as_root; else as_user; fi
