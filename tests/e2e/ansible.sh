#!/bin/bash
# Ansible over what is active: a play on many hosts with one session for each, while AWS throttles; one host that
# is away; and what is said when there is no inventory.
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
instances=${PASSPORT_HOSTS:-50}
start_lab --region eu-west-1 --featherweight 1
configure
sed -i 's/^\[account/sudo = yes\n\n&/' "$work/passportd.conf"
start_service -v
export PATH=$build/client:$build/config-gen:$build/proxy:$build/keyagent:$PATH XDG_RUNTIME_DIR=$work/run
export PASSPORT_SERVICE=$url PASSPORT_CA=$work/tls.pem PASSPORT_TOKEN_FILE=$work/token
export PASSPORT_ACCOUNT=123456789012 PASSPORT_REGION=eu-west-1
# As a user may have them, for other hosts: none of this may count for these.
export ANSIBLE_HOST_KEY_CHECKING=no ANSIBLE_REMOTE_USER=nobody ANSIBLE_SSH_ARGS='-o ControlMaster=no' ANSIBLE_PIPELINING=no
export ANSIBLE_NOCOLOR=1 ANSIBLE_FORKS=50 LC_ALL=C.UTF-8
unset XDG_STATE_HOME XDG_CONFIG_HOME AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
mkdir -m 700 "$work/run"
passport=$(readlink -f "$here/../../scripts/passport")
cd "$work"
cp ann token
# The lab's instance without a machine: a user is made on it, and nobody answers its sessions.
away=i-00000000000001001
started=$SECONDS
"$passport" request create --reason "a play" --for 1h "${ids[@]}" "$away" >made || fail "create: $(cat made)"
id=$(awk '$1 == "request" { print $2 }' made)
user=$(awk '$1 == "user" { print $2 }' made)
ok "users on $instances hosts: $((SECONDS - started)) s"

inventory=$("$passport" inventory --path --group-by-tag 'a tag')
[[ $inventory == "$XDG_RUNTIME_DIR/passport/inventory" && $(stat -c %a "$inventory") == 700 ]] || fail "--path: $inventory"
rc=0
"$passport" inventory --path >/dev/full 2>err || rc=$?
[[ $rc == 69 && $(cat err) == "passport-inventory: standard output cannot be written" ]] || fail "--path: $rc $(cat err)"
"$inventory" --list >list || fail "--list"
"$passport" inventory --host "$away" >one || fail "--host"
[[ $("$passport" inventory --host elsewhere) == '{}' ]] || fail "--host of none"
python3 - "$away" "${ids[@]}" <<END || fail "the inventory: $(cat list)"
import json, sys
said, one = json.load(open("list")), json.load(open("one"))
assert sorted(said["passport"]["hosts"]) == sorted(sys.argv[1:])
assert sorted(said["_meta"]["hostvars"]) == sorted(said["request_${id//-/_}"]["hosts"]) == sorted(sys.argv[1:])
assert sorted(said["account_123456789012"]["hosts"]) == sorted(said["region_eu_west_1"]["hosts"]) == sorted(sys.argv[1:])
assert said["_meta"]["hostvars"][sys.argv[1]] == one and one["ansible_user"] == "$user"
END
ok "inventory"
# Completions know what was written for it.
known=$("$passport" --complete ssh-config --i '')
for instance in "${ids[@]}"; do grep -qxF "$instance" <<<"$known" || fail "completions do not know $instance: $known"; done
[[ $("$passport" --complete request show '') == "$id" ]] || fail "completions do not know $id"
ok "completions"

cat >play.yml <<END
- hosts: request_${id//-/_}
  gather_facts: false
  tasks:
    - ping:
    - command: id -un
      register: who
      changed_when: false
    - copy: {src: data, dest: data}
    - command: id -un
      become: true
      register: root
      changed_when: false
    - assert: {that: [who.stdout == "$user", root.stdout == "root"], quiet: true}
END
head -c 100000 /dev/urandom >data
sessions() { grep -F '"action":"ssm:StartSession"' "$state/audit.jsonl" | grep -F '"result":"ok"' | grep -vcF "$away" || true; }
# All at once they are more than AWS lets start in a second.
"$lab" fault --state "$state" start-rate=20 >/dev/null
started=$SECONDS
rc=0
ansible-playbook -i "$inventory" -e ansible_python_interpreter=/usr/bin/python3 play.yml >out 2>err || rc=$?
[[ $rc == 4 ]] || fail "the play: status $rc: $(tail -n 80 out err)"
for instance in "${ids[@]}"; do
  grep -q "^$instance  *: ok=5  *changed=1  *unreachable=0  *failed=0 " out || fail "$instance: $(grep "^$instance" out err)"
done
[[ ! -s err ]] || fail "the play said $(cat err)"
# The one that is away is unreachable, with the reason.
grep -q "^$away  *: ok=0  *changed=0  *unreachable=1 " out || fail "$away: $(grep "$away" out)"
grep "^fatal: .$away.: UNREACHABLE" out | grep -q "passport-proxy: $away: the agent on the instance did not attach" ||
  fail "$away: $(grep "$away" out)"
# A session is shared for a minute after its last use; a slower machine may need another.
most=$((SECONDS - started < 60 ? instances : 2 * instances))
(($(sessions) >= instances && $(sessions) <= most)) || fail "$(sessions) sessions for $instances hosts"
ok "a play of 5 tasks on $instances hosts over $(sessions) sessions: $((SECONDS - started)) s"

# By names of hosts; the data is what was sent.
started=$SECONDS
ansible -i "$inventory" "${ids[0]}:${ids[1]}" -m command -a 'sha256sum data' >out || fail "sha256sum: $(cat out)"
[[ $(grep -c "^$(sha256sum data | cut -d ' ' -f 1)" out) == 2 ]] || fail "the data: $(cat out)"
ok "names of hosts: $((SECONDS - started)) s"

# Without an inventory Ansible says why.
echo ppt_nonsense >token
rc=0
"$passport" inventory --list >out 2>err || rc=$?
[[ $rc == 77 && ! -s out && $(wc -l <err) -le 2 ]] || fail "an unknown token: $rc $(cat out err)"
rc=0
ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=1 ansible -i "$inventory" all -m ping >out 2>err || rc=$?
[[ $rc != 0 ]] || fail "an inventory in spite of an unknown token"
tr '\n' ' ' <err | grep -q "no token, or one that is *unknown or over" || fail "Ansible says $(cat out err)"
refused() {
  rc=0
  "$passport" inventory "${@:2}" >out 2>err || rc=$?
  [[ $rc == "$1" && ! -s out ]] || fail "${*:2}: $rc $(cat out err)"
}
refused 64
refused 64 --list --path
refused 64 --host ''
XDG_RUNTIME_DIR='' HOME='' refused 78 --path
ok "what is wrong is said"
"$passport" agent stop
stop_service TERM
stop_lab
