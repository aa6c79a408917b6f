#!/bin/bash
# The end timer under a real systemd: it removes a user at the end, and again when that failed at first.
# shellcheck source=tests/e2e/systemd_lib.sh
. "$(dirname "$0")/systemd_lib.sh"
cp "$build/tests/service/instance_script" "$work/shared"
ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/shared/ca"
cat >"$work/shared/try" <<'EOF'
cd /tmp/shared
exec >said 2>&1
# provision USER SECONDS: sets $end.
provision() {
  end=$(($(date +%s) + $2))
  ./instance_script provision "$1" 1 "$end" "$(date +%s)000" no "$(cat ca.pub)" >script
  sh script
}
# gone USER SECONDS: how late it goes, if so soon.
gone() {
  while id "$1"; do
    [ "$(date +%s)" -lt $((end + $2)) ] || return 1
    sleep 0.2
  done >/dev/null 2>&1
  echo $(($(date +%s) - end))
}
# Past OnBootSec, which would look again too.
provision rs-brief 14
gone rs-brief 30 >brief
mount --bind /usr/bin/false /usr/sbin/userdel
provision rs-held 3
until grep -q going /var/lib/passport/users/rs-held &&
  [ "$(systemctl show -P ActiveState passport-end.service)" = inactive ]; do sleep 0.2; done
umount /usr/sbin/userdel
gone rs-held 60 >held
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ ! -e /etc/systemd/system/passport-end.timer ] || sleep 0.5
done
ls /etc/systemd/system >left
touch done
EOF
run_systemd
late=$(cat "$work/shared/brief")
((${late:-99} <= 5)) || fail "the user went ${late:-never} s late"
echo "ok: the timer removes the user, $late s late"
late=$(cat "$work/shared/held")
((${late:-0} >= 10)) || fail "after a failure: ${late:-never} s"
echo "ok: again after a removal that failed, $late s late"
[[ $(cat "$work/shared/left") == "try.service
try.target" ]] || fail "left: $(cat "$work/shared/left")"
echo "$name: passed"
