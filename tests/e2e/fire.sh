#!/bin/bash
# The tunnel under fire: the lab's faults on one side, real ssh and hashes on the other. Prints its seed.
#   fire.sh [PART...]           of: lossy corrupt cuts back closes stopped pause many ends
#   PASSPORT_SEED=N             repeats a run's chances
#   PASSPORT_FIRE_FULL=1        the whole measurement, as scripts/fire runs it
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
seed=${PASSPORT_SEED:-$((RANDOM * 32768 + RANDOM + 1))}
RANDOM=$((seed % 32768))
full=${PASSPORT_FIRE_FULL:-}
max_rss_kib=32768
max_files=20
echo "seed $seed (repeat with PASSPORT_SEED)"

fault() { "$lab" fault --state "$state" "$@" >/dev/null || fail "fault $*"; }
# pick SHORT FULL: the figure of this form.
pick() { if [[ -n $full ]]; then echo "$2"; else echo "$1"; fi; }
row() { printf '%-10s %-58s %s\n' "$1" "$2" "$3"; }
ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
make_file() { head -c "$2" /dev/urandom >"$work/$1" && sha256sum <"$work/$1" >"$work/$1.sum"; }
# run NAME COMMAND...: ssh to the instance through a proxy whose peak memory goes to $work/rss.
run() { "${through[@]}" "$@"; }
# peak: the largest resident memory of a proxy so far, within the bound.
peak() {
  local kib
  kib=$(awk '$1 > most { most = $1 } END { print most + 0 }' "$work/rss")
  ((kib <= max_rss_kib)) || fail "a proxy took $kib KiB"
  echo "$kib KiB"
}
up() { timeout "$2" "${through[@]}" sha256sum <"$work/$1"; }
down() { timeout "$2" "${through[@]}" "cat $1" </dev/null | sha256sum; }
# slow_up, slow_down: the same, over $rate bytes a second.
slow_up() { "$here/slowly.py" "$rate" <"$work/$1" | timeout "$2" "${through[@]}" sha256sum; }
slow_down() { timeout "$2" "${through[@]}" "cat $1" </dev/null | "$here/slowly.py" "$rate" | sha256sum; }
# one_way WAY FILE LIMIT: a transfer with its hash; writes a line when it is wrong.
one_way() {
  local got err=$work/err.$BASHPID
  got=$("$1" "$2" "$3" 2>"$err") || echo "$1: status $?: $(cat "$err")" >>"$work/wrong"
  [[ $got == "$(cat "$work/$2.sum")" ]] || echo "$1: another hash" >>"$work/wrong"
}
none_wrong() { [[ ! -s $work/wrong ]] || fail "$1: $(sort "$work/wrong" | uniq -c)"; }
put() { ssh -F "$config" "$instance" "cat >$1" <"$work/$1" || fail "cannot copy $1"; }
begin() {
  rm -f "$work/wrong" "$work/rss"
  start_lab --seed "$seed"
  through=(ssh -F "$config" -o "ProxyCommand=python3 $here/peak.py $work/rss $proxy %h %p" "$instance")
}

part_lossy() {
  local count size limit started i
  count=$(pick 4 200) size=$(pick 524288 16777216) limit=$(pick 60 900)
  begin
  make_file data "$size" && put data
  for way in to-client to-agent; do
    fault $way-drop=2 $way-duplicate=2 $way-reorder=50 $way-delay=0-50
  done
  started=$(ms)
  for ((i = 0; i < count; i++)); do
    one_way up data "$limit" &
    one_way down data "$limit" &
    while (($(jobs -rp | wc -l) >= 8)); do wait -n; done
  done
  wait
  none_wrong "lossy"
  row lossy "$count x $size bytes each way, 2 % lost, 2 % twice, reordered, late" "$(($(ms) - started)) ms, peak $(peak)"
  stop_lab
}

part_corrupt() {
  begin
  make_file data "$(pick 1000000 16777216)" && put data
  fault to-client-corrupt=2
  one_way down data 300
  none_wrong "corrupt to the client"
  row corrupt "2 % of the messages to the client" "healed"
  fault to-client-corrupt=
  # From the middle on: a key exchange that waits for bytes after a flipped length says nothing.
  { cat "$work/data" && sleep 2 && cat "$work/data"; } | timeout 60 ssh -F "$config" "$instance" sha256sum \
    >"$work/out" 2>"$work/err" &
  sleep 1.5
  fault to-agent-corrupt=20
  if wait $!; then fail "corruption to the server was not seen"; fi
  [[ ! -s $work/out ]] || fail "corruption to the server: a hash came: $(cat "$work/out")"
  [[ -s $work/err ]] || fail "corruption to the server: ssh does not end"
  row corrupt "2 % of the messages to the server" "ssh ends: $(head -n 1 "$work/err" | cut -c1-60)"
  stop_lab
}

# The places where the n-th connection is cut: each of the first bytes, then random ones.
cut_places() {
  local first last later i
  first=$(pick 97 1) last=2048 later=$(pick 5 200)
  seq 0 "$first" "$last"
  for ((i = 0; i < later; i++)); do echo $((2048 + (RANDOM * 32768 + RANDOM) % ($1 - 2048))); done
}
part_cuts() {
  local size places way at resets count=0
  size=$(pick 200000 8388608)
  mapfile -t places < <(cut_places "$size")
  begin
  make_file data "$size" && put data
  for way in to-client to-agent; do
    for at in "${places[@]}"; do
      resets=$( ((RANDOM % 2)) && echo on || echo off)
      fault "$way-cut=$at" cut-times=1 cut-resets="$resets"
      if [[ $way == to-client ]]; then one_way down data 120; else one_way up data 120; fi
      none_wrong "$way-cut=$at cut-resets=$resets"
      fault "$way-cut="
      count=$((count + 1))
    done
  done
  row cuts "$count connections cut, $size bytes each" "all hashes equal, peak $(peak)"
  stop_lab
}

part_back() {
  begin
  python3 "$here/gaps.py" "$(pick 3 200)" "$seed" "$lab" "$state" "$proxy" "$instance" >"$work/out" ||
    fail "back: $(cat "$work/out")"
  row back "an echo each 10 ms, connection cut at a random byte" "$(cat "$work/out")"
  stop_lab
}

part_closes() {
  local size resumed most
  size=$(pick 4000000 200000000) rate=$(pick 4000000 5000000)
  begin
  make_file data "$size" && put data
  fault close-every="$(pick 300 5000)"
  one_way slow_down data 900
  one_way slow_up data 900
  none_wrong "closes"
  resumed=$(audited ssm:ResumeSession)
  ((resumed >= $(pick 2 12))) || fail "resumed $resumed times"
  most=$(awk '$2 > most { most = $2 } END { print most + 0 }' "$work/rss")
  ((most > 0 && most <= max_files)) || fail "a proxy had $most files open"
  row closes "close 1000 through $size bytes each way" "$resumed resumed, equal hashes, peak $(peak), $most files"
  stop_lab
}

part_stopped() {
  local seconds
  seconds=$(pick 5 120)
  begin
  make_file data "$(pick 20000000 100000000)" && put data
  one_way up data 900 &
  sleep 1
  fault "stall-sshd=$instance"
  sleep "$seconds"
  fault stall-sshd=
  wait
  none_wrong "sshd stopped"
  row stopped "sshd, $seconds s" "nothing lost, peak $(peak)"
  run 'cat data' 2>"$work/err" | { sleep "$seconds" && sha256sum; } >"$work/out" || fail "reader stopped: $(cat "$work/err")"
  cmp -s "$work/out" "$work/data.sum" || fail "reader stopped: another hash"
  row stopped "the reader, $seconds s" "nothing lost, peak $(peak)"
  stop_lab
}

part_pause() {
  begin
  make_file data "$(pick 8000000 50000000)" && put data
  for who in client agent; do
    for way in up down; do
      one_way $way data 300 &
      sleep 0.5
      fault pause-$who=on
      sleep "$(pick 2 30)"
      fault pause-$who=off
      wait
      none_wrong "pause-$who, $way"
    done
  done
  row pause "publication, client and agent, both ways" "nothing lost, peak $(peak)"
  stop_lab
}

part_many() {
  local count i started
  count=$(pick 20 200)
  begin
  fault start-rate=10
  started=$(ms)
  for ((i = 0; i < count; i++)); do
    { run true 2>"$work/err.$i" || echo "status $?: $(tail -n 1 "$work/err.$i")" >>"$work/wrong"; } &
  done
  wait
  none_wrong "$count ssh at once"
  row many "$count ssh at once, StartSession limited to 10 a second" "all connect, $(($(ms) - started)) ms"
  stop_lab
}

# Each end of a session is one TerminateSession.
part_ends() {
  local count=0 times signal pid i
  mkfifo "$work/in"
  times=$(pick 1 20)
  begin
  # shellcheck disable=SC2317  # by wait_for
  terminated() { [[ $(audited ssm:TerminateSession) -ge $count ]]; }
  for ((i = 0; i < times; i++)); do
    echo hello | "$proxy" "$instance" 7 >/dev/null || fail "the end of input: status $?"
    count=$((count + 1))
    for signal in INT TERM HUP KILL-SSH; do
      rm -f "$work/out"
      set -m  # else bash starts it with SIGINT ignored
      if [[ $signal == KILL-SSH ]]; then
        ssh -F "$config" "$instance" 'echo up; sleep 100' >"$work/out" 2>/dev/null &
      else
        "$proxy" "$instance" 22 <"$work/in" >"$work/out" 2>/dev/null &
      fi
      pid=$!
      [[ $signal == KILL-SSH ]] || exec 3>"$work/in"
      set +m
      wait_for 20 test -s "$work/out" || fail "$signal: no first byte"
      if [[ $signal == KILL-SSH ]]; then kill -KILL "$pid"; else kill "-$signal" "$pid"; fi
      wait "$pid" 2>/dev/null || true
      exec 3>&-
      count=$((count + 1))
      wait_for 10 terminated || fail "$signal: TerminateSession was not called"
    done
  done
  [[ $(audited ssm:TerminateSession) == "$count" ]] || fail "ends: $(audited ssm:TerminateSession) of $count"
  row ends "sessions ended by end of input, INT, TERM, HUP, killed ssh" "$count of $count terminated"
  stop_lab
}

parts=(lossy corrupt cuts back closes stopped pause many ends)
for part in "${@:-${parts[@]}}"; do
  declare -F "part_$part" >/dev/null || fail "\"$part\" is no part; there are ${parts[*]}"
  "part_$part"
done
