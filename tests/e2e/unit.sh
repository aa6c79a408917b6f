#!/bin/bash
# passportd.service under a real systemd, set up as passport-deploy(7) has it: a user of its own, a key that only root
# can read, the first token, a new start. Devices of its own are left out: namespaces without CAP_MKNOD have none.
# shellcheck source=tests/e2e/systemd_lib.sh
. "$(dirname "$0")/systemd_lib.sh"

cp "$build/service/passportd" "$build/service/passportd.service" "$work/shared/"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=passportd -addext subjectAltName=IP:127.0.0.1 \
  -keyout "$work/shared/tls.key" -out "$work/shared/tls.pem" 2>/dev/null
cp "$(dirname "$0")/call.py" "$(dirname "$0")/../../service/openapi.json" "$work/shared/"
cat >"$work/shared/try" <<'EOF'
cd /tmp/shared
exec >said 2>&1
ip link set lo up
mkdir -p /usr/local/sbin /etc/passport /etc/systemd/system/passportd.service.d
program=$(sed -n 's/^ExecStart=//p' passportd.service)
install -D passportd "$program"
cp passportd.service /etc/systemd/system/
install -m 600 tls.key /etc/passport/tls.key
install -m 644 tls.pem /etc/passport/tls.pem
cat >/etc/passport/passportd.conf <<CONF
certificate = /etc/passport/tls.pem
key = /run/credentials/passportd.service/tls.key
[account 123456789012]
regions = eu-west-1
role = arn:aws:iam::123456789012:role/passport
admins = sre
CONF
cat >/etc/systemd/system/passportd.service.d/override.conf <<CONF
[Unit]
After=
Wants=
[Service]
LoadCredential=tls.key:/etc/passport/tls.key
Environment=AWS_REGION=eu-west-1 AWS_EC2_METADATA_DISABLED=true
PrivateDevices=no
StandardOutput=append:/var/log/passportd
StandardError=append:/var/log/passportd
CONF
systemctl daemon-reload
export PASSPORT_OPENAPI=/tmp/shared/openapi.json PASSPORT_CALLS=/tmp/shared/calls
call() { python3 call.py https://127.0.0.1:8443 tls.pem "$@"; }
ready() {
  for _ in $(seq 100); do
    [ "$(call /- GET /readyz | sed -n 1p)" != 200 ] || return 0
    sleep 0.1
  done 2>/dev/null
  cat /var/log/passportd
  systemctl --no-pager status passportd
  return 1
}
timeout 30 systemctl start passportd && ready && echo ready
"$program" token --user ann --groups sre >token
call token GET /v1/accounts
call token POST /v1/requests '{"account":"123456789012","region":"eu-west-1","instances":["i-0123456789abcdef0"],"reason":"a try"}' | sed -n 1p
stat -c '%U %a' /var/lib/passport/ca_ed25519 /var/lib/passport/passport.db /var/lib/passport/passport.db-wal
process=$(systemctl show -P MainPID passportd)
grep -E '^(NoNewPrivs|Seccomp|CapBnd):' "/proc/$process/status"
timeout 30 systemctl restart passportd && ready && call token GET /v1/requests | grep -o '"reason":"a try"'
timeout 30 systemctl stop passportd
sed -i 's,/run/credentials/passportd.service,/etc/passport,' /etc/passport/passportd.conf
timeout 30 systemctl start passportd
for _ in $(seq 100); do
  grep 'etc/passport/tls.key: it cannot be read' /var/log/passportd && break
  sleep 0.1
done | sort -u
touch done
EOF
run_systemd
# has LINE: the machine said it.
has() { grep -qxF -- "$1" "$work/said" || fail "no \"$1\""; }
has ready
has '{"accounts":[{"id":"123456789012","regions":["eu-west-1"],"role":"admin"}]}'
has 201
[[ $(grep -c '^passportd 600$' "$work/said") == 3 ]] || fail "files"
has "$(printf 'NoNewPrivs:\t1')"
has "$(printf 'Seccomp:\t2')"
has "$(printf 'CapBnd:\t0000000000000000')"
has '"reason":"a try"'
echo "ok: as the unit's own user, with a key that only root can read, and again after a new start"
has 'passportd: /etc/passport/tls.key: it cannot be read'
echo "ok: not without being handed the key"
echo "$name: passed"
