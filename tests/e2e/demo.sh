#!/bin/bash
# README's first command, from its start to its end, with what is built; it leaves nothing.
set -euo pipefail
[[ $(id -u) == 0 ]] || { echo "demo: needs root" >&2; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PASSPORT_PRESET=$(basename "$PASSPORT_BUILD_DIR") TMPDIR=$work "$(dirname "$0")/../../scripts/demo" </dev/null >"$work/out" 2>&1 || {
  echo "demo: FAILED: status $?: $(cat "$work/out")" >&2
  exit 1
}
# shellcheck disable=SC2016  # as they stand
for line in '== demo: done' 'they hold up to the checkpoint' '$ ansible -i $(passport inventory --path)' '$ scp -q -F $(passport ssh-config)'; do
  grep -qF -- "$line" "$work/out" || { echo "demo: FAILED: no \"$line\": $(cat "$work/out")" >&2; exit 1; }
done
[[ $(ls -A "$work") == out ]] || { echo "demo: FAILED: left: $(ls -A "$work")" >&2; exit 1; }
