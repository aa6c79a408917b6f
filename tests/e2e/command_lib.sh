# shellcheck shell=bash
# Run Command by Debian's AWS CLI, for tests in a network namespace with loopback alone.
if [[ ${1:-} != --inside ]]; then
  skip() { echo "$(basename "$0" .sh): skipped: $*" && exit 77; }
  [[ -x /usr/bin/aws ]] || skip "no /usr/bin/aws"
  user_namespace=()
  [[ $(id -u) == 0 ]] || user_namespace=(--map-root-user)
  unshare "${user_namespace[@]}" --net true 2>/dev/null || skip "no network namespace"
  exec unshare "${user_namespace[@]}" --net "$0" --inside
fi
ip link set lo up
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034  # for the tests
render=$build/tests/service/instance_script
export AWS_EC2_METADATA_DISABLED=true

run_aws() { /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" --output text --no-cli-pager ssm "$@"; }
# send FILE INSTANCE...: runs the script there; its id is in $command.
send() {
  local file=$1
  shift
  python3 - "$file" "$@" >"$work/input.json" <<'EOF'
import json, sys
print(json.dumps({"InstanceIds": sys.argv[2:], "DocumentName": "AWS-RunShellScript", "TimeoutSeconds": 30,
                  "Parameters": {"commands": [open(sys.argv[1]).read()]}}))
EOF
  command=$(run_aws send-command --cli-input-json "file://$work/input.json" --query Command.CommandId)
}
# ended [INSTANCE]: the command's last status there and its output, in $status and $work/out.
is_ended() {
  run_aws get-command-invocation --command-id "$command" --instance-id "${1:-$instance}" \
    --query '[Status,StandardOutputContent]' >"$work/ended"
  read -r status _ <"$work/ended"
  case $status in Pending | InProgress | Cancelling) return 1 ;; esac
}
# shellcheck disable=SC2120  # for the tests
ended() {
  wait_for 30 is_ended "$@" || fail "the command does not end"
  cut -f 2- "$work/ended" >"$work/out"
}
# on FILE: runs it on $instance, to its end, with what the AWS CLI stands on, which starts sooner.
on() {
  python3 "$(dirname "$0")/run_script.py" "$1" "$instance" >"$work/said" || fail "$1 does not run"
  status=$(tail -n 1 "$work/said")
  sed '$d' "$work/said" >"$work/out"
}
# answers OUTCOME [NAME VALUE]...: what the script that was run last said.
answers() {
  python3 - "$work/out" "$@" <<'EOF' || fail "not $*: $(cat "$work/out")"
import json, sys
said = json.loads(open(sys.argv[1]).readline())
want = dict(zip(sys.argv[3::2], sys.argv[4::2]))
sys.exit(said["outcome"] != sys.argv[2] or any(str(said.get(k)) != v for k, v in want.items()))
EOF
}
