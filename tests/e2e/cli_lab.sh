#!/bin/bash
# The command line of passport-lab: usage errors, exit statuses, and that `down` leaves nothing.
#   PASSPORT_BUILD_DIR  where the programs were built
set -euo pipefail

lab=${PASSPORT_BUILD_DIR:?}/lab/passport-lab
work=$(mktemp -d "${TMPDIR:-/tmp}/passport-cli-lab.XXXXXX")
state=$work/lab
cleanup() {
  "$lab" down --state "$state" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "cli_lab: FAILED: $*" >&2
  exit 1
}
# expect_status STATUS COMMAND...: standard output in $work/out, standard error in $work/err.
expect_status() {
  local want=$1 got=0
  shift
  "$@" >"$work/out" 2>"$work/err" || got=$?
  [[ $got == "$want" ]] || fail "$*: exit status $got, want $want: $(cat "$work/err")"
}
quiet() { [[ ! -s $work/out ]] || fail "words on standard output: $(cat "$work/out")"; }
says() { grep -qF -- "$1" "$work/err" || fail "standard error is '$(cat "$work/err")', want '$1'"; }

for arguments in "" "nonsense" "up more" "up --nonsense" "up --instances 65" "up --instances x" \
  "up --port 65536" "up --offline web-1" "up --old-agent i-00000000000000001" "up --user Root" \
  "up --featherweight 20001" "up --agent-payload-size 0" "up --region EU" "up --inst 1"; do
  # shellcheck disable=SC2086  # words
  expect_status 64 "$lab" $arguments
  quiet
  says "passport-lab: "
  says "usage: passport-lab"
done
expect_status 64 env -u HOME -u XDG_RUNTIME_DIR "$lab" status
expect_status 0 "$lab" --help
grep -q '^usage: passport-lab up' "$work/out" || fail "--help says no usage"
expect_status 0 "$lab" --version
grep -qE '^passport-lab [0-9]+\.[0-9]+' "$work/out" || fail "--version: $(cat "$work/out")"

expect_status 69 "$lab" status --state "$state"
quiet
says "hint: passport-lab up"
expect_status 0 "$lab" down --state "$state"
says "not up"

touch "$work/file"
expect_status 78 "$lab" up --state "$work/file" --instances 0
mkdir -m 0777 "$work/open" && chmod 0777 "$work/open"
expect_status 78 "$lab" up --state "$work/open" --instances 0

expect_status 0 "$lab" up --state "$state" --instances 0 --offline i-00000000000000009
cp "$work/out" "$work/first"
[[ $(cut -d' ' -f1 "$work/out" | paste -sd,) == env,ssh_config,audit,endpoint,region,instance ]] ||
  fail "up printed: $(cat "$work/out")"
[[ $(stat -c %a "$state") == 700 && $(stat -c %a "$state/env") == 600 ]] || fail "modes"
expect_status 0 "$lab" up --state "$state"
says "already up"
cmp -s "$work/out" "$work/first" || fail "a second up printed something else"
expect_status 0 "$lab" status --state "$state" --json
python3 -c 'import json,sys; s=json.load(open(sys.argv[1])); assert s["instances"][0]["status"]=="offline"' \
  "$work/out" || fail "--json"

# A port that is taken.
port=$(sed -n 's/^endpoint .*://p' "$work/first")
expect_status 69 "$lab" up --state "$work/other" --instances 0 --port "$port"
says "$port"
[[ ! -e $work/other ]] || fail "a failed up left its directory"

pid=$(cat "$state/lab.pid")
expect_status 0 "$lab" down --state "$state"
[[ ! -e $state ]] || fail "down left files"
if kill -0 "$pid" 2>/dev/null && [[ $(ps -o stat= -p "$pid") != Z* ]]; then fail "down left a process"; fi

# A lab that was killed leaves files; status knows, down removes them, up goes over them.
expect_status 0 "$lab" up --state "$state" --instances 0
kill -KILL "$(cat "$state/lab.pid")"
for _ in {1..100}; do
  if ! "$lab" status --state "$state" >/dev/null 2>&1; then break; fi
done
expect_status 69 "$lab" status --state "$state"
expect_status 0 "$lab" up --state "$state" --instances 0
expect_status 0 "$lab" down --state "$state"
[[ ! -e $state ]] || fail "down left files after a kill"

# A directory of the user's, and a file in it, stay.
mkdir -m 0700 "$state" && touch "$state/mine"
expect_status 0 "$lab" up --state "$state" --instances 0
expect_status 0 "$lab" down --state "$state"
[[ $(ls -A "$state") == mine ]] || fail "down touched what is not the lab's: $(ls -A "$state")"

# In the foreground a signal ends it, and nothing is left.
set -m  # else bash starts it with SIGINT ignored
"$lab" up --state "$work/front" --instances 0 --foreground >"$work/out" 2>"$work/err" &
front=$!
until grep -q '^region' "$work/out"; do kill -0 $front || fail "foreground: $(cat "$work/err")"; done
kill -INT $front
wait $front || fail "foreground: exit status $?"
[[ ! -e $work/front ]] || fail "foreground left files"
echo "cli_lab: passed"
