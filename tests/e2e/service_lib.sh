# shellcheck shell=bash
# What the tests of passportd share: one over the lab, with a database and a certificate of its own.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034  # for the tests
here=$(dirname "$0")
passportd=$build/service/passportd
PASSPORT_OPENAPI=$(readlink -f "$here/../../service/openapi.json")
export PASSPORT_OPENAPI PASSPORT_CALLS=$work/calls
[[ $(id -u) == 0 ]] || { echo "$name: instances with users of their own need root"; exit 77; }

# configure: after start_lab; tokens of ann, who may, and of eve, who may not.
configure() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=passportd -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$work/tls.key" -out "$work/tls.pem" 2>/dev/null
  cat >"$work/passportd.conf" <<EOF
listen = 127.0.0.1:0
certificate = $work/tls.pem
key = $work/tls.key
database = sqlite:$work/state/passport.db
state_dir = $work/state

[account 123456789012]
regions = $AWS_REGION
role = arn:aws:iam::123456789012:role/passport
admins = ops
observers = audit
EOF
  "$passportd" token --config "$work/passportd.conf" --user ann --groups ops >"$work/ann"
  "$passportd" token --config "$work/passportd.conf" --user eve --groups others >"$work/eve"
}
start_service() {
  "$passportd" --config "$work/passportd.conf" "$@" >"$work/url" 2>>"$work/passportd.log" &
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
end_service() {
  local status=$?
  [[ -z ${service:-} ]] || kill -KILL "$service" 2>/dev/null || true
  [[ $status == 0 ]] || tail -n 20 "$work/passportd.log" >&2 || true
  (exit "$status")
  cleanup
}
trap end_service EXIT
