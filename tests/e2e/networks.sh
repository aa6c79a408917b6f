#!/bin/bash
# passport-proxy behind real HTTP proxies (tinyproxy, with and without a password and TLS), under AWS's own
# names for the services. Runs in a network namespace with loopback alone, in which these names lead
# to passport-lab.
set -euo pipefail

if [[ ${1:-} != --inside ]]; then
  for program in tinyproxy socat; do
    command -v "$program" >/dev/null || { echo "networks: skipped: no $program"; exit 77; }
  done
  [[ $(id -u) == 0 ]] || { echo "networks: skipped: not root"; exit 77; }
  exec unshare --net --mount --propagation private "$0" --inside
fi

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
ip link set lo up
region=eu-west-1
names=$(for name in ssm ssmmessages sts kms portal.sso oidc; do printf ' %s.%s.amazonaws.com' $name $region; done)
printf '127.0.0.1 localhost proxy.test%s\n' "$names" >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts

unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy ALL_PROXY all_proxy NO_PROXY no_proxy
start_lab --port 443 --aws-names
unset AWS_ENDPOINT_URL NO_PROXY

pids=()
stop_all() {
  local status=$?
  set +e
  kill "${pids[@]}" 2>/dev/null
  cleanup "$status"
}
trap stop_all EXIT

# start_proxy PORT LINE...: a tinyproxy of that port, which logs to $work/PORT.log.
start_proxy() {
  local port=$1
  shift
  printf '%s\n' "Port $port" "Listen 127.0.0.1" "Timeout 60" "MaxClients 20" "LogLevel Connect" \
    "LogFile \"$work/$port.log\"" "Allow 127.0.0.1" "ConnectPort 443" "$@" >"$work/$port.conf"
  tinyproxy -d -c "$work/$port.conf" >/dev/null 2>&1 &
  pids+=($!)
  wait_for 10 listens "$port" || fail "tinyproxy does not listen"
}
listens() { [[ -n $(ss -Hltn "sport = :$1") ]]; }
# asked PORT: how many connections the proxy made so far.
asked() { grep -c 'Request .*CONNECT .*amazonaws.com' "$work/$1.log" || true; }

# works NAME: ssh through passport-proxy, as the environment has it.
works() {
  local said
  said=$(ssh -F "$config" "$instance" echo hello 2>"$work/err") || fail "$1: $(cat "$work/err")"
  [[ $said == hello ]] || fail "$1: said '$said'"
  ok "$1"
}
# expect STATUS TEXT: passport-proxy fails so, and does not tell the password.
expect() {
  local rc=0
  timeout 60 "$proxy" "$instance" </dev/null >"$work/out" 2>"$work/err" || rc=$?
  [[ $rc == "$1" ]] || fail "status $rc, not $1: $(cat "$work/err")"
  grep -qF -- "$2" "$work/err" || fail "said '$(cat "$work/err")', not '$2'"
  if grep -qF 's3cret' "$work/err"; then fail "told the password"; fi
  ok "$2"
}

works "AWS's own names, no proxy"

start_proxy 3128
export HTTPS_PROXY=http://proxy.test:3128
works "a proxy"
[[ $(asked 3128) -ge 2 ]] || fail "calls and websocket do not both go through the proxy"
grep -q 'CONNECT ssm\.' "$work/3128.log" || fail "the call did not go through the proxy"
grep -q 'CONNECT ssmmessages\.' "$work/3128.log" || fail "the websocket did not go through the proxy"
before=$(asked 3128)
NO_PROXY=.amazonaws.com works "NO_PROXY"
[[ $(asked 3128) == "$before" ]] || fail "NO_PROXY is not obeyed"
NO_PROXY=ssm.$region.amazonaws.com works "NO_PROXY for one of them"
[[ $(asked 3128) == $((before + 1)) ]] || fail "NO_PROXY: $(asked 3128) connections after $before"
head -c 3000000 /dev/urandom >"$work/data"
ssh -F "$config" "$instance" cat <"$work/data" >"$work/back" || fail "3 MB through a proxy"
same "$work/data" "$work/back"
ok "3 MB and back"

start_proxy 3129 'BasicAuth ada s3cret.1'
HTTPS_PROXY=http://ada:s3cret%2e1@proxy.test:3129 works "a proxy with a password"
HTTPS_PROXY=http://ada:s3cret@proxy.test:3129 expect 77 'proxy proxy.test:3129 refused the user or the password'
HTTPS_PROXY=http://proxy.test:3129 expect 77 'proxy proxy.test:3129 asks for a user and a password'

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=proxy.test \
  -addext subjectAltName=DNS:proxy.test -keyout "$work/proxy.key" -out "$work/proxy.pem" 2>/dev/null
socat "OPENSSL-LISTEN:3130,bind=127.0.0.1,fork,reuseaddr,cert=$work/proxy.pem,key=$work/proxy.key,verify=0" \
  TCP:127.0.0.1:3129 2>/dev/null &
pids+=($!)
wait_for 10 listens 3130 || fail "socat does not listen"
cat "$AWS_CA_BUNDLE" "$work/proxy.pem" >"$work/bundle.pem"
AWS_CA_BUNDLE=$work/bundle.pem HTTPS_PROXY=https://ada:s3cret%2e1@proxy.test:3130 works "a proxy behind TLS"
HTTPS_PROXY=https://ada:s3cret%2e1@proxy.test:3130 expect 69 'TLS with proxy proxy.test:3130: certificate verify failed'

: >"$work/filter"
start_proxy 3131 "Filter \"$work/filter\"" 'FilterDefaultDeny Yes'
HTTPS_PROXY=http://proxy.test:3131 expect 77 "proxy proxy.test:3131 answered 403 to a connection to ssm.$region.amazonaws.com:443"
HTTPS_PROXY=http://u:s3cret@proxy.test:1 expect 69 'cannot connect to proxy proxy.test:1: connection refused'
HTTPS_PROXY=socks5://u:s3cret@proxy.test:1080 expect 78 'HTTPS_PROXY cannot be used: its scheme "socks5"'
HTTPS_PROXY='' ALL_PROXY=http://proxy.test:1 works "an empty variable means no proxy"

# A gateway elsewhere than the stream URL says: a VPC endpoint without private names.
unset HTTPS_PROXY
sed "s/ ssmmessages\.$region\.amazonaws\.com//" "$work/hosts" >"$work/fewer"
cat "$work/fewer" >/etc/hosts
AWS_ENDPOINT_URL_SSMMESSAGES=https://127.0.0.1:443 works "a gateway of its own"
stop_lab
echo "networks: passed"
