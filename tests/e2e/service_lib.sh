# shellcheck shell=bash
# What the tests of passportd share: one over the lab, with a database and a certificate of its own.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034  # for the tests
here=$(dirname "$0")
passportd=$build/service/passportd
export PASSPORT_CALLS=$work/calls
[[ $(id -u) == 0 ]] || { echo "$name: instances with users of their own need root"; exit 77; }

# configure: after start_lab; sets $ids of all instances; tokens of ann, who may, and of eve, who may not.
configure() {
  "$here/../../lab/service_config.sh" "$work" "$AWS_REGION"
  mapfile -t ids < <(awk '$1 == "instance" { print $2 }' "$work/up")
  "$passportd" token --config "$work/passportd.conf" --user ann --groups ops >"$work/ann"
  "$passportd" token --config "$work/passportd.conf" --user eve --groups others >"$work/eve"
}
# use_policies: after configure; from now on IAM is as passport-deploy(7) has it, and the service is role/passportd.
use_policies() {
  local iam secret
  iam=$(readlink -f "$here/../../service/iam")
  "$lab" fault --state "$state" "policy=role/passportd:$iam/passportd.json" "policy=role/passport:$iam/role.json" \
    "trust=role/passport:$iam/role-trust.json" >/dev/null
  secret=$(aws sts assume-role --role-arn arn:aws:iam::123456789012:role/passportd --role-session-name i-0 \
    --query 'Credentials.[AccessKeyId, SecretAccessKey, SessionToken]' --output text)
  read -r own_key own_secret own_token <<<"$secret"
}
start_service() {
  (
    if [[ -n ${own_key:-} ]]; then
      export AWS_ACCESS_KEY_ID=$own_key AWS_SECRET_ACCESS_KEY=$own_secret AWS_SESSION_TOKEN=$own_token
    fi
    exec "$passportd" --config "$work/passportd.conf" "$@" >"$work/url" 2>>"$work/passportd.log"
  ) &
  service=$!
  # shellcheck disable=SC2317  # by wait_for
  up() { [[ -s $work/url ]]; }
  wait_for 20 up || fail "passportd does not start: $(cat "$work/passportd.log")"
  # shellcheck disable=SC2034  # for the tests
  url=$(cat "$work/url")
}
stop_service() {
  kill -"${1:-TERM}" "$service"
  wait "$service" 2>/dev/null || true
  : >"$work/url"
}

# call WHO METHOD PATH [JSON]: the body; status, the same: the status alone.
call() { "$here/call.py" "$url" "$work/tls.pem" "$work/$1" "${@:2}" | tail -n +2; }
status() { "$here/call.py" "$url" "$work/tls.pem" "$work/$1" "${@:2}" | sed -n 1p; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)'"$1"')'; }
# wish SECONDS: the body of a request for all instances.
wish() {
  local list
  list=$(printf '"%s",' "${ids[@]}")
  printf '{"account":"123456789012","region":"%s","instances":[%s],"reason":"a test","duration_s":%s}' "$AWS_REGION" "${list%,}" "$1"
}
state_of() { call ann GET "/v1/requests/$1" | field '["state"]'; }
is() { [[ $(state_of "$1") == "$2" ]]; }
# all_are REQUEST STATE: its instances.
all_are() {
  [[ $(call ann GET "/v1/requests/$1" | python3 -c 'import json, sys; print(*{i["state"] for i in json.load(sys.stdin)["instances"]})') == "$2" ]]
}

# What follows is about the request $id, its user $user and the key $work/${key:-key}.
# shellcheck disable=SC2154  # $id, $user: by the tests
certify() {
  local file=$work/${key:-key}
  call ann POST "/v1/requests/$id/certificates" "{\"public_key\":\"$(cat "$file.pub")\"}" |
    field '["certificates"][0]' >"$file-cert.pub"
}
know_hosts() {
  call ann GET "/v1/requests/$id" | python3 -c '
import json, sys
for i in json.load(sys.stdin)["instances"]:
    for key in i["host_keys"]: print(i["id"], key)' >"$work/known"
}
# enter INSTANCE COMMAND...: by the service's sessions, without credentials for AWS.
# shellcheck disable=SC2154
enter() {
  local through="${counted:-} env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY $proxy --service $url --service-ca $work/tls.pem"
  through+=" --token-file $work/${who:-ann} --request $id %h %p"
  timeout 60 ssh -F none -o ProxyCommand="$through" -o UserKnownHostsFile="$work/known" -o StrictHostKeyChecking=yes \
    -o IdentityAgent=none -o IdentitiesOnly=yes -i "$work/${key:-key}" -o BatchMode=yes "$user@$1" "${@:2}" 2>"$work/ssh.err"
}
end_service() {
  local status=$?
  [[ -z ${service:-} ]] || kill -KILL "$service" 2>/dev/null || true
  [[ $status == 0 ]] || tail -n 20 "$work/passportd.log" >&2 || true
  cleanup "$status"
}
trap end_service EXIT
