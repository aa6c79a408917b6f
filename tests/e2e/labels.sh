#!/bin/bash
# What people call their instances: passportd learns it from the lab's EC2 and Systems Manager, shows it, and does
# without where AWS does not say.
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
instances=2
start_lab --region eu-west-1 --featherweight 70
configure
use_policies
database=$work/state/passport.db

tag() { "$lab" tag --state "$state" "$@" || fail "tag $*"; }
tag "${ids[0]}" $'Name=a\nb <&"\'>' Role=web "an empty one=" gone=1 aws:own=x
tag "${ids[0]}" gone
tag "${ids[1]}" --platform Windows --name "nobody's" Name=win-1
rc=0
"$lab" tag --state "$state" i-0ffffffffffffffff Name=x 2>"$work/err" || rc=$?
[[ $rc == 69 && $(cat "$work/err") == *'is no instance of this lab'* ]] || fail "tag of no instance: $rc $(cat "$work/err")"
for wrong in "" "${ids[0]} =x" "${ids[0]} --platform BeOS" "${ids[0]}"; do
  rc=0
  # shellcheck disable=SC2086  # words
  "$lab" tag --state "$state" $wrong 2>"$work/err" || rc=$?
  [[ $rc == 64 && $(head -n 1 "$work/err") == "passport-lab: "* ]] || fail "tag $wrong: status $rc: $(cat "$work/err")"
done

# The AWS CLI reads the same.
run_aws() { /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" --no-cli-pager "$@"; }
[[ $(run_aws ec2 describe-instances --instance-ids "${ids[1]}" --query 'Reservations[].Instances[].[Tags[0].Value, Platform, State.Name]' --output text) == $'win-1\twindows\trunning' ]] || fail "aws ec2 describe-instances"
[[ $(run_aws ec2 describe-instances --filters Name=tag:Role,Values=web --query "Reservations[].Instances[].Tags[?Key=='Name'].Value" --output text) == $'a\nb <&"\'>' ]] ||
  fail "aws ec2 describe-instances --filters"
run_aws ec2 describe-instances --instance-ids i-0ffffffffffffffff >/dev/null 2>"$work/err" && fail "an instance that is not"
[[ $(cat "$work/err") == *InvalidInstanceID.NotFound* ]] || fail "$(cat "$work/err")"
ok "the lab's EC2"

# XML 1.0 has no ESC, so that real clients and AWS have none; passportd takes it.
hostile=$'db "1"\nHost *\r\n\tProxyCommand touch /tmp/canary \e[2J $(id) %h \' é \u202e'
tag "${ids[0]}" "Name=$hostile"

start_service -v
# shown FIELD: of the instances of the newest request, by GET /v1/access, one line of JSON.
shown() {
  call ann GET /v1/access | python3 -c '
import json, sys
answer = json.load(sys.stdin)
assert answer["user"] == "ann", answer
print(json.dumps([i.get(sys.argv[1]) for i in answer["requests"][0]["instances"]], ensure_ascii=False))' "$1"
}
shows() { [[ $(shown "$1") == "$2" ]]; }
ask() {
  id=$(call ann POST /v1/requests "$(wish 600)" | field '["id"]')
  wait_for 30 all_are "$id" active || fail "not active: $(call ann GET "/v1/requests/$id")"
}
asked() { echo "$(audited ec2:DescribeInstances) $(audited ssm:DescribeInstanceInformation)"; }
asked_is() { [[ $(asked) == "$1" ]]; }
old() { sqlite3 "$database" "PRAGMA busy_timeout = 10000; UPDATE instance_label SET asked_at = asked_at - 3600000" >/dev/null; }
said() { [[ $(grep -c 'names of instances are not known' "$work/passportd.log") == "$1" ]]; }

before=$(audited ec2:DescribeInstances)
[[ $(status ann GET /v1/access) == 200 && $(call ann GET /v1/access) == '{"user":"ann","requests":[]}' ]] || fail "nothing yet"
ask
names=$(python3 -c 'import json, sys; print(json.dumps([sys.argv[1], "win-1"], ensure_ascii=False))' "$hostile")
wait_for 10 shows name "$names" || fail "names: $(shown name), not $names"
shows platform '["Linux", "Windows"]' || fail "platforms: $(shown platform)"
[[ $(shown tags | python3 -c 'import json, sys; print(*[sorted(set(tags) - {"Name"}) for tags in json.load(sys.stdin)])') == "['Role', 'an empty one'] []" ]] ||
  fail "tags: $(shown tags)"
[[ $(call ann GET "/v1/requests/$id" | field '["instances"][1]["name"]') == win-1 ]] || fail "GET /v1/requests/$id"
[[ $(status eve GET /v1/access) == 200 && $(call eve GET /v1/access) == '{"user":"eve","requests":[]}' ]] || fail "eve"
count=$(asked)
[[ $count == "$((before + 1)) 1" ]] || fail "asked: $count"
ok "names, platforms and tags"

# By them hosts are found: in ssh, in Ansible's groups, in the shells; and by no more than them.
(
  export PATH=$build/client:$build/config-gen:$build/proxy:$build/keyagent:$PATH XDG_RUNTIME_DIR=$work/run PASSPORT_CA=$work/tls.pem \
    PASSPORT_SERVICE=$url PASSPORT_TOKEN_FILE=$work/ann
  passport=$(readlink -f "$here/../../scripts/passport")
  mkdir -m 700 "$work/run"
  trap 'passport-agent stop >/dev/null' EXIT
  config=$("$passport" ssh-config) || fail "ssh-config"
  means() { ssh -G -F "$config" "$1" 2>/dev/null </dev/null; }
  [[ $(means win-1) == *"hostname ${ids[1]}"* ]] || fail "win-1: $(cat "$config")"
  [[ $(means anything) != *proxycommand* ]] || fail "a name made a pattern: $(cat "$config")"
  "$passport" inventory --list --group-by-tag Role >"$work/list" || fail "inventory"
  python3 - "$hostile" "${ids[@]}" "$work/list" <<'END' || fail "the inventory: $(cat "$work/list")"
import json, sys
said = json.load(open(sys.argv[4]))
assert said["tag_Role_web"]["hosts"] == [sys.argv[2]] and said["platform_windows"]["hosts"] == [sys.argv[3]], said
assert {"__ansible_unsafe": sys.argv[1]} in said["_meta"]["hostvars"][sys.argv[2]].values(), said
END
  for arguments in "request show --json $id" "ssh-config --json" "inventory --list"; do
    # shellcheck disable=SC2086  # words
    "$passport" $arguments >"$work/shown" || fail "$arguments"
    if grep -q $'\u202e' "$work/shown"; then fail "$arguments: a terminal would turn it round"; fi
    grep -q '\\u202e' "$work/shown" || fail "$arguments: no name: $(cat "$work/shown")"
  done
  "$passport" --complete ssh-config --i '' >"$work/offered"
  [[ $(sort "$work/offered") == "$(printf '%s\n' "${ids[@]}" win-1 db-1-host-proxycommand-touch-tmp-canary-2j-id-h | sort)" ]] || fail "completions: $(cat "$work/offered")"
  [[ ! -e /tmp/canary ]] || fail "a name was run"
) || exit
ok "names in use"

# Within the hour nothing is asked again; after it, an extension is cause to.
tag "${ids[1]}" Name=win-2
ask
asked_is "$count" || fail "asked again: $(asked)"
old
[[ $(status ann POST "/v1/requests/$id/extend" '{"duration_s":600}') == 200 ]] || fail "extend"
names=${names/win-1/win-2}
wait_for 10 shows name "$names" || fail "after an extension: $(shown name)"
ok "an hour"

# Large requests are asked in batches.
read -r calls _ < <(asked)
id=$(
  mapfile -t ids < <(seq 4097 4166 | xargs printf 'i-%017x\n')
  call ann POST /v1/requests "$(wish 600)" | field '["id"]'
)
wait_for 30 all_are "$id" active || fail "70 instances: $(call ann GET "/v1/requests/$id" | head -c 1000)"
batches() { (($(audited ec2:DescribeInstances) == calls + 3)); }
wait_for 10 batches || fail "batches: $calls, then $(asked)"
call ann POST "/v1/requests/$id/complete" >/dev/null
ok "batches"

# What the account's tags are configured to be.
stop_service TERM
echo 'tags = Role' >>"$work/passportd.conf"
start_service -v
shows name '[null, null]' || fail "tags = Role: $(shown name)"
shows tags '[{"Role": "web"}, null]' || fail "tags = Role: $(shown tags)"
sed -i '$d' "$work/passportd.conf"
stop_service TERM
start_service -v
ok "tags = Role"

# Without permission there is access, and one line says why there are no names.
said 0 || fail "$(grep 'names of' "$work/passportd.log")"
for action in ec2:DescribeInstances ssm:DescribeInstanceInformation; do
  sqlite3 "$database" "PRAGMA busy_timeout = 10000; DELETE FROM instance_label" >/dev/null
  "$lab" fault --state "$state" "deny=$action" >/dev/null
  ask
  lines=$((${lines:-0} + 1))
  wait_for 10 said "$lines" || fail "no line of $action: $(tail -n 5 "$work/passportd.log")"
  grep 'names of instances' "$work/passportd.log" | tail -n 1 | grep -q "$id: names of instances are not known: aws: .* $action " ||
    fail "log: $(grep 'names of' "$work/passportd.log")"
  if [[ $action == ec2:* ]]; then
    wait_for 10 shows platform '["Linux", "Windows"]' || fail "platforms without EC2: $(shown platform)"
    shows name '[null, null]' || fail "names without EC2: $(shown name)"
  else
    wait_for 10 shows name "$names" || fail "names without Systems Manager: $(shown name)"
    shows platform '[null, null]' || fail "platforms without Systems Manager: $(shown platform)"
  fi
  "$lab" fault --state "$state" deny= >/dev/null
done
call - GET /metrics | grep -q '^passport_label_lookups_total{result="failed"} 2$' || fail "metrics"
[[ $(status ann POST "/v1/requests/$id/extend" '{"duration_s":600}') == 200 ]] || fail "extend"
wait_for 10 shows platform '["Linux", "Windows"]' || fail "after the permission came: $(shown platform)"
ok "no permission"

# An EC2 that takes connections and says nothing delays nobody, not even the end.
stop_service TERM
coproc silent { exec python3 -c '
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()'; }
# shellcheck disable=SC2154  # by coproc
silence=$silent_PID
read -r port <&"${silent[0]}"
sqlite3 "$database" "PRAGMA busy_timeout = 10000; DELETE FROM instance_label" >/dev/null
AWS_ENDPOINT_URL_EC2=https://127.0.0.1:$port start_service -v
started=$SECONDS
ask
((SECONDS - started < 15)) || fail "active only after $((SECONDS - started)) s"
started=$SECONDS
stop_service TERM
((SECONDS - started < 12)) || fail "stopped only after $((SECONDS - started)) s"
kill "$silence"
ok "an EC2 that says nothing"
stop_lab
