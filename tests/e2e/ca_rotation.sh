#!/bin/bash
# The CA's keys are exchanged while a request is active: two CAs trusted in between.
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
instances=2
start_lab --region eu-west-1
configure
use_policies
start_service -v

id=$(call ann POST /v1/requests "$(wish 1800)" | field '["id"]')
wait_for 30 all_are "$id" active || fail "not active: $(call ann GET "/v1/requests/$id")"
user=$(call ann GET "/v1/requests/$id" | field '["user"]')
know_hosts
# new_keys NAME: NAME-ed25519 and NAME-rsa, certified by the CA of now.
new_keys() {
  for type in ed25519 rsa; do
    ssh-keygen -q -t "$type" -b 3072 -N '' -C '' -f "$work/$1-$type"
    key=$1-$type certify
  done
}
# lets_in NAME, refuses NAME: both keys, on all instances.
lets_in() {
  for type in ed25519 rsa; do
    for instance in "${ids[@]}"; do
      [[ $(key=$1-$type enter "$instance" id -un) == "$user" ]] || fail "$1-$type on $instance: $(cat "$work/ssh.err")"
    done
  done
}
refuses() {
  for type in ed25519 rsa; do
    for instance in "${ids[@]}"; do
      key=$1-$type enter "$instance" true && fail "$1-$type is let in on $instance"
      [[ $(cat "$work/ssh.err") == *"Permission denied (publickey"* ]] || fail "$1-$type on $instance: $(cat "$work/ssh.err")"
    done
  done
}
authority_of() { ssh-keygen -L -f "$work/$1-cert.pub" | awk '/Signing CA/ { print $4 }'; }
renewed() { sqlite3 "$work/state/passport.db" "SELECT count(*) FROM logbook WHERE action = 'request.renew' AND object = '$id'"; }
# told TIMES: the instances were told anew so often, and none waits for it.
told() { [[ $(renewed) == "$1" ]] && all_are "$id" active; }

new_keys old
lets_in old
ok "certificates of the first CA"

# Nothing is exchanged: nothing is told.
stop_service TERM
start_service
lets_in old
told 0 || fail "a new start alone: $(call ann GET "/v1/requests/$id")"

# passportd(8), "Exchanging the CA's keys": the old ones are trusted beside the new ones.
stop_service
for type in ed25519 rsa; do
  ssh-keygen -y -P '' -f "$work/state/ca_$type" >>"$work/state/trusted_ca.pub"
  rm "$work/state/ca_$type"
done
start_service
wait_for 30 told 1 || fail "not told of the new CA: $(call ann GET "/v1/requests/$id")"
[[ $(call ann GET /v1/authorities | field '["authorities"].__len__()') == 4 ]] || fail "$(call ann GET /v1/authorities)"
new_keys new
[[ $(authority_of new-ed25519) != "$(authority_of old-ed25519)" && $(authority_of new-rsa) != "$(authority_of old-rsa)" ]] ||
  fail "the new certificates are of the old CA"
lets_in old
lets_in new
ok "both CAs, on instances whose user was there before"

stop_service
rm "$work/state/trusted_ca.pub"
start_service
wait_for 30 told 2 || fail "not told of the end of the old CA: $(call ann GET "/v1/requests/$id")"
lets_in new
refuses old
ok "the old CA is not trusted any more"

# Killed between the new start and the telling: the next start does what is left.
stop_service
ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/spare"
cp "$work/spare.pub" "$work/state/trusted_ca.pub"
PASSPORT_FAIL_POINT=planned timeout 30 "$passportd" --config "$work/passportd.conf" >/dev/null 2>>"$work/passportd.log" || true
start_service
wait_for 60 told 3 || fail "after a kill: $(call ann GET "/v1/requests/$id")"
ssh-keygen -q -s "$work/spare" -I spare -n "$user" -V -1m:+10m "$work/old-ed25519.pub"
[[ $(key=old-ed25519 enter "${ids[0]}" id -un) == "$user" ]] || fail "a key of trusted_ca.pub: $(cat "$work/ssh.err")"
ok "killed while instances were told"
stop_service
stop_lab
