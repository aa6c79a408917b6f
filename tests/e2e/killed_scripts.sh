#!/bin/bash
# The scripts that make and remove users, in a real instance, killed after a command and run again: the same
# user as if nothing had been, or none. By dash and by busybox's ash.
#   PASSPORT_STRIDE  how many commands lie between two kills; 1 takes ten minutes
# shellcheck source=tests/e2e/command_lib.sh
. "$(dirname "$0")/command_lib.sh"
stride=${PASSPORT_STRIDE:-9}
seed=${PASSPORT_SEED:-$RANDOM}
echo "PASSPORT_SEED=$seed"

ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/ca"
end=$(($(date +%s) + 3600))
"$render" provision rs-k 1 $end 1000 yes "$(cat "$work/ca.pub")" >"$work/provision"
"$render" remove rs-k 2 $end 1001 >"$work/remove"
start_lab --seed "$seed"
for shell in sh 'busybox ash'; do
  [[ $shell == sh ]] || command -v busybox >/dev/null || continue
  {
    echo "shell='$shell' stride=$stride offset=$((seed % stride))"
    echo "folder=\$(mktemp -d) && cd \$folder"
    for file in provision remove; do
      printf 'cat >%s <<"END_OF_FILE"\n' "$file"
      cat "$work/$file"
      echo END_OF_FILE
    done
    cat "$(dirname "$0")/kill_often.sh"
  } >"$work/script"
  send "$work/script" "$instance"
  wait_for 550 is_ended || fail "the kills do not end"
  cut -f 2- "$work/ended" >"$work/out"
  grep -q '^killed ' "$work/out" || fail "$shell: $(cat "$work/out")"
  ok "$shell: $(cat "$work/out")"
done
stop_lab
