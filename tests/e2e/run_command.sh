#!/bin/bash
# Run Command by Debian's AWS CLI over passport-lab, and the service's scripts in real instances: with real
# useradd, sshd, ssh and sudo; late, doubled, out of order, and swept.
# shellcheck source=tests/e2e/command_lib.sh
. "$(dirname "$0")/command_lib.sh"
issued=1000

# provision USER GENERATION SECONDS [yes|no]; remove USER GENERATION; sweep ISSUED USER...: into $work/script.
provision() {
  end=$(($(date +%s) + $3))
  issued=$((issued + 1))
  "$render" provision "$1" "$2" "$end" "$issued" "${4:-no}" "$(cat "$work/ca.pub")" >"$work/script"
}
remove() {
  issued=$((issued + 1))
  "$render" remove "$1" "$2" "$end" "$issued" >"$work/script"
}
# in_instance COMMAND: its output.
in_instance() {
  printf '%s\n' "$1" >"$work/look"
  on "$work/look"
  cat "$work/out"
}
has_user() { [[ $(in_instance "grep -c '^$1:' /etc/passwd || :") == 1* ]]; }
# login USER COMMAND...: with a certificate for this user.
login() {
  local user=$1
  shift
  ssh-keygen -q -s "$work/ca" -I "e2e" -n "$user" -V -1m:+1h "$work/key.pub" 2>/dev/null
  ssh -F "$config" -o IdentityFile="$work/key" -o CertificateFile="$work/key-cert.pub" -o IdentityAgent=none \
    -o User="$user" "$instance" "$@"
}

instances=2 start_lab --seed 7
instance2=$(awk '$1 == "instance" { print $2 }' "$work/up" | tail -n 1)
ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/ca"
ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/key"

# Run Command itself.
printf 'id -u\necho wrong >&2\nexit 3\n' >"$work/script"
send "$work/script" "$instance"
ended
[[ $status == Failed && $(head -n 1 "$work/out") == 0 ]] || fail "a script that fails: $(cat "$work/ended")"
listed=$(run_aws list-command-invocations --command-id "$command" --details \
  --query 'CommandInvocations[].[InstanceId,StatusDetails,CommandPlugins[0].ResponseCode,CommandPlugins[0].Output]')
[[ $listed == "$instance	Failed	3	0"*ERROR*wrong*"exit status 3" ]] || fail "list-command-invocations: $listed"
printf 'pwd\n' >"$work/script"
run_aws send-command --instance-ids "$instance" "$instance2" --document-name AWS-RunShellScript --parameters \
  'commands=pwd,workingDirectory=/usr,executionTimeout=60' --query Command.CommandId >"$work/id"
command=$(cat "$work/id")
ended "$instance2"
[[ $(cat "$work/out") == /usr ]] || fail "workingDirectory: $(cat "$work/out")"
run_aws cancel-command --command-id "$command" || fail "cancel-command"
if run_aws send-command --instance-ids i-0000000000000dead --document-name AWS-RunShellScript \
  --parameters commands=true 2>"$work/err"; then fail "an unknown instance took a command"; fi
grep -qF '(InvalidInstanceId)' "$work/err" || fail "unknown instance: $(cat "$work/err")"
run_aws send-command --instance-ids "$instance" --document-name AWS-RunShellScript \
  --parameters 'commands=sleep 60,executionTimeout=1' --query Command.CommandId >"$work/id"
command=$(cat "$work/id")
ended
[[ $status == TimedOut ]] || fail "executionTimeout: $status"
[[ $(audited ssm:SendCommand) -ge 4 ]] || fail "SendCommand is not in the audit trail"
ok "AWS CLI"

# A user, on both instances by one command.
provision rs-one 5 600 yes
cp "$work/script" "$work/five"
send "$work/script" "$instance" "$instance2"
ended "$instance2"
answers live generation 5
ended
answers live generation 5 end "$end" home /home/rs-one sudo True
python3 - "$work/out" "$state/known_hosts" "$instance" <<'EOF' || fail "other host keys than the lab's: $(cat "$work/out")"
import json, sys
said = set(json.loads(open(sys.argv[1]).readline())["host_keys"])
known = {" ".join(line.split()[1:3]) for line in open(sys.argv[2]) if sys.argv[3] in line.split()[0]}
sys.exit(not said or said != known)
EOF
[[ $(login rs-one id -un) == rs-one ]] || fail "no login with a certificate"
[[ $(login rs-one sudo -n id -u) == 0 ]] || fail "no sudo"
ssh-keygen -q -s "$work/ca" -I e2e -n rs-two -V -1m:+1h "$work/key.pub"
if ssh -F "$config" -o IdentityFile="$work/key" -o CertificateFile="$work/key-cert.pub" -o User=rs-one "$instance" \
  true 2>/dev/null; then fail "a certificate for another principal gets in"; fi
ok "a user with real useradd, sshd and sudo"

# Again, older, with other values, and extended.
on "$work/five" && answers live generation 5
provision rs-one 4 600 && on "$work/script" && answers live generation 5
provision rs-one 5 700 yes && on "$work/script" && answers conflict generation 5
provision rs-one 6 800 && on "$work/script" && answers live generation 6 end "$end" sudo False
if login rs-one sudo -n true 2>/dev/null; then fail "sudo stays without its rule"; fi
on "$work/five" && answers live generation 6
[[ $(login rs-one id -un) == rs-one ]] || fail "no login after the extension"
ok "repeated, late and extended"

# Removed under a running ssh; what is late does nothing.
remove rs-one 6 && on "$work/script" && answers live generation 6
login rs-one 'touch /tmp/left; echo up; exec sleep 600' >"$work/session" 2>/dev/null &
session=$!
wait_for 20 test -s "$work/session" || fail "no session"
remove rs-one 7
cp "$work/script" "$work/removal"
on "$work/script"
answers gone generation 7
wait_for 10 eval "! kill -0 $session 2>/dev/null" || fail "the session lives on"
on "$work/removal" && answers gone generation 7
on "$work/five" && answers gone generation 7
[[ $(in_instance 'grep -c rs-one /etc/passwd /etc/shadow /etc/group /etc/gshadow; ls -d /home/rs-one* /tmp/left \
  /etc/sudoers.d/*rs-one* /proc/*/cwd 2>/dev/null | grep -v /proc') == "/etc/passwd:0
/etc/shadow:0
/etc/group:0
/etc/gshadow:0" ]] || fail "something of the user is left: $(cat "$work/out")"
if login rs-one true 2>/dev/null; then fail "a removed user logs in"; fi
remove rs-early 2 && on "$work/script" && answers gone generation 2
provision rs-early 1 600 && on "$work/script" && answers gone generation 2
provision rs-early 3 -5 && on "$work/script" && answers past
ok "removed, with its session"

# The end comes with nobody's help.
provision rs-brief 1 12 yes
on "$work/script"
answers live
has_user rs-brief || fail "no brief user"
brief_is_gone() { ! has_user rs-brief; }
wait_for 30 brief_is_gone || fail "the end timer does not remove the user"
late=$(($(date +%s) - end))
((late < 20)) || fail "the end timer was $late s late"
on "$work/script" && answers gone
ok "ended by itself"

# Doubled and reordered by the way there.
"$lab" fault --state "$state" command-duplicate=100 command-delay=0-300 >/dev/null
provision rs-two 1 600 && send "$work/script" "$instance" && first=$command
provision rs-two 2 900 && send "$work/script" "$instance"
ended && answers live generation 2
command=$first
ended && answers live
remove rs-two 3 && on "$work/script" && answers gone generation 3
"$lab" fault --state "$state" clear >/dev/null
! has_user rs-two || fail "a doubled script brought the user back"
ok "doubled and late"

# Sweep: those who are not listed, those whose record is lost, and those of another instance.
provision rs-keep 1 600 && on "$work/script"
provision rs-drop 1 600 && on "$work/script"
in_instance "useradd -m -G passport rs-lost; useradd -m rs-other" >/dev/null
"$render" sweep $((issued + 1)) rs-keep >"$work/script"
on "$work/script"
answers swept removed 2 failed 0
[[ $(in_instance "cut -d: -f1 /etc/passwd | grep ^rs- | tr '\n' ' '") == "rs-keep rs-other "* ]] ||
  fail "sweep left $(cat "$work/out")"
provision rs-new 1 600 && on "$work/script"
"$render" sweep $issued rs-keep >"$work/script"
on "$work/script"
answers swept removed 0
in_instance "sed -i 's/^i-[0-9a-f]*/i-0000000000000dead/' /var/lib/passport/users/rs-keep" >/dev/null
"$render" sweep $((issued + 1)) rs-keep rs-new >"$work/script"
on "$work/script"
answers swept removed 1
! has_user rs-keep || fail "a user of another instance stays"
provision rs-other 1 600 && on "$work/script" && answers failed error 'there is a user rs-other already'
remove rs-other 2 && on "$work/script" && answers failed
has_user rs-other || fail "a user that is not the service's was removed"
ok "swept"

# The units are what systemd understands; where it does not take them, the sleeper is there all the same.
in_instance 'mkdir -p /run/systemd/system /etc/systemd/system; pkill -KILL -f "/var/lib/passport/end wait"' >/dev/null
provision rs-unit 1 600 && on "$work/script" && answers live
[[ $(in_instance 'cd /etc/systemd/system && grep -c "^OnCalendar=20.* UTC$" passport-end.timer
  systemd-analyze verify ./passport-end.timer ./passport-end.service 2>&1 | grep passport-end
  flock -n /var/lib/passport/sleeper true || echo asleep') == [1-9]*$'\n'asleep ]] || fail "units: $(cat "$work/out")"
remove rs-unit 2 && on "$work/script" && answers gone
remove rs-new 2 && on "$work/script" && answers gone
[[ -z $(in_instance 'ls /etc/systemd/system') ]] || fail "units stay: $(cat "$work/out")"
ok "units of systemd"
stop_lab
