#!/bin/bash
# Users on featherweight instances while Run Command loses, doubles and delays: none is left after the end.
#   PASSPORT_LOSSES=N   so many instances; by default few
#   PASSPORT_SEED=N     repeats a run's chances
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
count=${PASSPORT_LOSSES:-10}
seed=${PASSPORT_SEED:-$((RANDOM * 32768 + RANDOM + 1))}
echo "seed $seed (repeat with PASSPORT_SEED)"
start_lab --region eu-west-1 --featherweight "$count"
configure
"$lab" fault --state "$state" "seed=$seed" command-drop=4 command-duplicate=3 command-answer-drop=3 \
  command-delay=0-2000 >/dev/null
start_service -v
"$here/losses.py" "$url" "$work" "$state" "$AWS_REGION" "$count" || fail "see above"
stop_service TERM
"$build/service/passport-logbook" show --json --database "sqlite:$work/state/passport.db" >"$work/records"
"$here/losses.py" --recorded "$work/records" "$count" || fail "see above"
stop_lab
