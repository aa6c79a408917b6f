# shellcheck shell=bash
# What the end-to-end tests share: a lab of their own, and words for what went wrong.
#   PASSPORT_BUILD_DIR  where the programs were built
set -euo pipefail

build=${PASSPORT_BUILD_DIR:?}
lab=$build/lab/passport-lab
# shellcheck disable=SC2034  # for the tests
proxy=$build/proxy/passport-proxy
name=$(basename "$0" .sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/passport-$name.XXXXXX")
state=$work/lab
export HOME=$work

cleanup() {
  local status=${1:-$?}
  if [[ $status != 0 && -s $state/lab.log ]]; then
    echo "$name: the lab's log:" >&2
    tail -n 20 "$state/lab.log" >&2
  fi
  "$lab" down --state "$state" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "$name: FAILED: $*" >&2
  exit 1
}
ok() { echo "ok: $*"; }

# start_lab OPTION...: with $instances instances, by default 1; sets $instance to the first one's id.
start_lab() {
  "$lab" up --state "$state" --instances "${instances:-1}" "$@" >"$work/up" || fail "the lab does not start"
  # shellcheck disable=SC1091  # written by the lab
  . "$state/env"
  # shellcheck disable=SC2034  # for the tests
  instance=$(awk '$1 == "instance" { print $2; exit }' "$work/up")
  # shellcheck disable=SC2034  # for the tests
  config=$state/ssh_config
}
stop_lab() {
  "$lab" down --state "$state" >/dev/null || fail "the lab does not stop"
  [[ ! -e $state ]] || fail "the lab left $state"
}

# same FILE FILE
same() { cmp -s "$1" "$2" || fail "$1 and $2 differ"; }

# audited ACTION: how often the lab saw it.
audited() { grep -cF "\"action\":\"$1\"" "$state/audit.jsonl" || true; }

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local tries=$(($1 * 20))
  shift
  until "$@"; do
    ((tries-- > 0)) || return 1
    sleep 0.05
  done
}

# expect STATUS TEXT ARGUMENT...: the proxy fails so, saying TEXT in its one line, and nothing on standard output.
expect() {
  local status=$1 text=$2 rc=0 started=$SECONDS more='^passport-proxy: hint: '
  shift 2
  timeout 60 "$proxy" "$@" <"${input:-/dev/null}" >"$work/out" 2>"$work/err" || rc=$?
  [[ $rc == "$status" ]] || fail "$*: status $rc, not $status: $(cat "$work/err")"
  [[ ! -s $work/out ]] || fail "$*: wrote to standard output"
  [[ $(head -n 1 "$work/err") == *"$text"* ]] || fail "$*: said '$(cat "$work/err")', not '$text'"
  [[ $status != 64 ]] || more+='\|^usage: \|^       passport-proxy '
  [[ $(grep -vc "$more" "$work/err") == 1 ]] || fail "$*: more than one line: $(cat "$work/err")"
  [[ $(grep -c '^passport-proxy: hint: ' "$work/err") -le 1 ]] || fail "$*: more than one hint"
  if grep -qF -e X-Amz-Signature -e TokenValue -e Authorization \
    -e "${AWS_SECRET_ACCESS_KEY:-Authorization}" "$work/err"; then fail "$*: told a secret"; fi
  ok "$text ($((SECONDS - started)) s)"
}
