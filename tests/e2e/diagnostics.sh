#!/bin/bash
# What passport-diagnostics says of one fault after another, and that no secret is in its bundle.
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
command -v faketime >/dev/null || { echo "$name: skipped: no faketime"; exit 77; }
instances=2
offline=i-000000000000000ff old=i-000000000000000ee
start_lab --region eu-west-1 --offline "$offline" --old-agent "$old=2.3.600.0"
configure
mapfile -t ids < <(printf '%s\n' "${ids[@]}" | grep -v -e "$offline" -e "$old")
start_service -v
export PATH=$build/client:$build/config-gen:$build/proxy:$build/keyagent:$PATH XDG_RUNTIME_DIR=$work/run NO_COLOR=1
unset XDG_STATE_HOME XDG_CONFIG_HOME HTTPS_PROXY https_proxy ALL_PROXY all_proxy
mkdir -m 700 "$work/run"
passport=$(readlink -f "$here/../../scripts/passport")
conf=$work/.config/passport/passport.conf
token=$work/.local/state/passport/token
mkdir -p "$(dirname "$conf")"
printf 'service = %s\nca = %s\naccount = 123456789012\nregion = eu-west-1\n' "$url" "$work/tls.pem" >"$conf"

# doctor STATUS LINE ARGUMENT...: run by $with, it ends so, with a line that begins so.
with=()
tool=("$passport" diagnostics)
doctor() {
  local status=$1 line=$2 rc=0
  shift 2
  timeout 60 "${with[@]}" "${tool[@]}" doctor "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
  [[ $rc == "$status" && ! -s $work/err ]] || fail "$line: status $rc, not $status: $(cat "$work/out" "$work/err")"
  has "$line"
  if grep -qvE '^(ok  |warn|FAIL|skip)  [^:]+: .|^      [^ ]' "$work/out"; then fail "$line: not a line: $(cat "$work/out")"; fi
  ok "$line"
}
has() { grep -qF -- "$1" "$work/out" || fail "no \"$1\": $(cat "$work/out")"; }
# only WORD WHAT...: these are the checks that ended so.
only() {
  local word=$1 found
  shift
  found=$(sed -n "s/^$word  \([^:]*\):.*/\1/p" "$work/out" | paste -sd, | sed 's/,/, /g')
  [[ $found == "$*" ]] || fail "$word: $found, not $*: $(cat "$work/out")"
}

# Before the first login, and a day on which all is well. The certificate is good for two days.
doctor 77 "FAIL  token file: $token: No such file or directory"
only FAIL "token file"
only skip "login, requests, instances"
has "skip  login: needs a token"
"$passport" auth login --token-stdin <"$work/ann" >/dev/null || fail "login"
doctor 0 "ok    requests: none is active"
has "ok    agent: none runs, and none is needed"
id=$("$passport" request create --reason planted-reason --for 30m "${ids[0]}" 2>/dev/null | awk '$1 == "request" { print $2 }')
[[ $id == ar-* ]] || fail "no request"
doctor 69 "FAIL  agent: none runs"
has "warn  ssh_config: none is written yet"
config=$("$passport" ssh-config) || fail "ssh-config"
doctor 0 "ok    instance ${ids[0]}: can be used" "${ids[0]}"
only FAIL
only skip
only warn TLS
for line in "configuration: $url (from $conf)" "name: 127.0.0.1 is an address" "connection: ${url#https://} answers in " \
  "service: ready, in " "clock: as the service's, within " "login: ann (ops), for " \
  "request $id: active, 1 of 1 instance active, for 2" "message gateway: 127.0.0.1:" \
  "agent: $id: 3 certificates, for 2" "ssh_config: $config: 1 instance"; do has "ok    $line"; done
has "warn  TLS: CN=passportd, issued by CN=passportd, for 1 day"
"$passport" diagnostics doctor --json --all | python3 -c "
import json, sys
answer = json.load(sys.stdin)
by = {check['check']: check for check in answer['checks']}
assert answer['status'] == 0 and by['instance ${ids[0]}']['outcome'] == 'ok', answer
assert by['TLS']['remedy'] and by['login']['ms'] >= 0, answer" || fail "--json"
rc=0
"$passport" diagnostics doctor db 2>"$work/err" || rc=$?
[[ $rc == 64 && $(head -n 1 "$work/err") == *'"db" is not the id of an instance' ]] || fail "db: $rc $(cat "$work/err")"

# The way to the service.
PASSPORT_SERVICE=https://127.0.0.1:1 doctor 69 "FAIL  connection: cannot connect to 127.0.0.1:1: connection refused"
only FAIL connection
only skip "TLS, service, clock, login, requests, instances"
has "ok    agent: it runs"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=another -keyout "$work/o.key" -out "$work/o.pem" 2>/dev/null
PASSPORT_CA=$work/o.pem doctor 69 "FAIL  TLS: certificate of CN=passportd: self-signed certificate; it was issued by CN=passportd"
has "      trust who issued it: \`ca\` in passport.conf, or PASSPORT_CA, names a file"
PASSPORT_SERVICE=${url/127.0.0.1/localhost} doctor 69 "FAIL  TLS: certificate of CN=passportd: hostname mismatch; it is for 127.0.0.1"
# A name service that answers from files alone, so that nothing is asked of others.
printf 'hosts: files\n' >"$work/nsswitch"
with=(unshare --mount sh -c "mount --bind '$work/nsswitch' /etc/nsswitch.conf && exec \"\$@\"" -)
PASSPORT_SERVICE=https://passport.invalid doctor 69 'FAIL  name: cannot find host "passport.invalid"'
only skip "connection, TLS, service, clock, login, requests, instances"
with=()
PASSPORT_SERVICE=http://127.0.0.1:1 doctor 78 "FAIL  configuration: the service's address is not a URL of https"
echo 'regoin = x' >>"$conf"
doctor 78 "FAIL  configuration: $conf: line 5: unknown key \"regoin\""
sed -i '$d' "$conf"
HTTPS_PROXY=http://u:planted@127.0.0.1:1 PASSPORT_SERVICE=https://passport.invalid \
  doctor 69 "FAIL  connection: cannot connect to proxy 127.0.0.1:1: connection refused"
has "ok    proxy: passport.invalid by way of 127.0.0.1:1 (HTTPS_PROXY=http://127.0.0.1:1, with a password, NO_PROXY="
has "      is the proxy right, and should NO_PROXY name passport.invalid?"
HTTPS_PROXY=socks5://u:planted@127.0.0.1:1 PASSPORT_SERVICE=https://passport.invalid \
  doctor 78 'FAIL  proxy: HTTPS_PROXY cannot be used: its scheme "socks5"'
if grep -qF planted "$work/out"; then fail "told the password"; fi

# Clocks.
with=(env FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f +10m)
doctor 78 "FAIL  clock: this machine's is 10 minutes ahead of the service's"
has "      set it: timedatectl set-ntp true"
with=(env FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f +30s)
doctor 0 "warn  clock: this machine's is "
with=(env FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f -1d)
doctor 69 "FAIL  TLS: certificate of CN=passportd: it begins on "
with=()

# The login.
chmod 644 "$token"
doctor 78 "FAIL  token file: $token is of mode 0644: others may read the token"
has "ok    login: ann"
chmod 600 "$token"
echo ppt_nonsense >"$work/nonsense"
chmod 600 "$work/nonsense"
PASSPORT_TOKEN_FILE=$work/nonsense doctor 77 "FAIL  login: the service says: no token, or one that is unknown or over"
only skip "requests, instances"
"$passportd" token --config "$work/passportd.conf" --user ann --groups ops --for 2m >"$work/short"
chmod 600 "$work/short"
PASSPORT_TOKEN_FILE=$work/short doctor 0 "warn  login: ann (ops), for "

# Folders, programs, what was written.
XDG_RUNTIME_DIR=$work/none doctor 78 "FAIL  runtime folder: $work/none: No such file or directory"
[[ ! -e $work/none ]] || fail "a doctor makes no folders"
chmod 755 "$work/run"
doctor 77 "FAIL  runtime folder: other users may enter $work/run"
chmod 700 "$work/run"
own=$build/client:$build/config-gen:$build/proxy:$build/keyagent
tool=("$build/client/passport-diagnostics")
with=(env "PATH=$own")
doctor 78 'FAIL  ssh: "ssh" cannot be run: No such file or directory'
has "not there: scp, sftp, rsync, ansible"
only skip "ssh_config, instances"
mkdir "$work/bin"
ln -s "$(command -v ssh)" "$work/bin/ssh"
with=(env "PATH=$work/bin:$build/config-gen:$build/keyagent")
doctor 78 'FAIL  passport-proxy: "passport-proxy" cannot be run: No such file or directory'
printf '#!/bin/sh\necho passport-proxy 0.0.1\n' >"$work/bin/passport-proxy"
chmod 755 "$work/bin/passport-proxy"
with=(env "PATH=$work/bin:$PATH")
doctor 0 'warn  passport-proxy: "passport-proxy 0.0.1" is of another version than this, '
rm "$work/bin/passport-proxy"
printf '#!/bin/sh\necho OpenSSH_7.4p1 >&2\n' >"$work/bin/older"
chmod 755 "$work/bin/older"
ln -sf older "$work/bin/ssh"
doctor 78 'FAIL  ssh: OpenSSH_7.4p1 is older than 7.8'
with=()
tool=("$passport" diagnostics)
cp "$config" "$work/good"
sed -i "s/^Host ${ids[0]}/Host i-0aaaaaaaaaaaaaaaa/" "$config"
doctor 78 "FAIL  ssh_config: $config: it has no ${ids[0]}"
cp "$work/good" "$config"
printf 'Host i-0aaaaaaaaaaaaaaaa\n' >>"$config"
doctor 0 "warn  ssh_config: $config: it still has i-0aaaaaaaaaaaaaaaa"
sed -i 's/^  *User .*/  User rs-another/' "$config"
doctor 78 "FAIL  ssh_config: it has another user for ${ids[0]} than rs-"
echo 'Nonsense yes' >>"$config"
doctor 78 "FAIL  ssh_config: ssh cannot use it: $config: line"
cp "$work/good" "$config"
chmod 622 "$config"
doctor 78 "FAIL  ssh_config: others may change $config"
chmod 600 "$config"

# The agent.
passport-agent drop-request "$id" >/dev/null || fail "drop-request"
doctor 69 "FAIL  agent: it holds no keys of $id"
has "      have it done: passport ssh-config"
passport-agent stop >/dev/null || fail "stop"
wait_for 10 test ! -S "$XDG_RUNTIME_DIR/passport/control.sock" || fail "the agent does not end"
doctor 69 "FAIL  agent: none runs"
passport-agent start >/dev/null || fail "start"
doctor 69 "FAIL  agent: it holds no keys of $id"
"$passport" ssh-config >/dev/null || fail "ssh-config again"
doctor 0 "ok    agent: $id: 3 certificates"

# Instances, in the words of passport-ssh-config.
doctor 77 "FAIL  instance $offline: no request of yours is active for it" "$offline" "${ids[0]}"
has "      ask for access: passport request create --reason ... $offline"
has "ok    instance ${ids[0]}: can be used"

# By AWS credentials alone.
doctor 0 "ok    instance ${ids[0]}: online, agent " --aws "${ids[0]}"
only FAIL
only skip
for line in 'AWS settings: profile "default", region eu-west-1' "AWS keys: from the environment" "identity: arn:aws:" \
  "message gateway: 127.0.0.1:" "STS: 127.0.0.1:" "clock: as AWS's, within "; do has "ok    $line"; done
with=(env PASSPORT_CONFIG=/dev/null)
doctor 0 "ok    AWS keys: from the environment"
with=(env -u AWS_ACCESS_KEY_ID PASSPORT_CONFIG=/dev/null)
doctor 78 "FAIL  configuration: no passportd is named"
with=()
doctor 69 "FAIL  instance $offline: the instance is offline (ConnectionLost, last heard of" --aws "$offline" "$old"
has "FAIL  instance $old: its SSM agent 2.3.600.0 is older than 2.3.672.0 and cannot carry ssh"
has "      update the agent"
with=(env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_EC2_METADATA_DISABLED=true)
doctor 77 "FAIL  AWS keys: no AWS credentials found" --aws
only skip "identity, instances"
with=(env -u AWS_REGION -u AWS_DEFAULT_REGION)
doctor 78 "FAIL  AWS settings: no region" --aws
with=(env "AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z")
doctor 77 "FAIL  AWS keys: AWS credentials from the environment have expired" --aws
with=(env "AWS_CA_BUNDLE=$work/o.pem")
doctor 69 "FAIL  TLS: certificate of " --aws
with=(env HTTPS_PROXY=http://u:planted@127.0.0.1:1 AWS_ENDPOINT_URL=https://ssm.passport.invalid)
doctor 69 "FAIL  connection: cannot connect to proxy 127.0.0.1:1: connection refused" --aws
with=()
"$lab" fault --state "$state" expired=on >/dev/null
doctor 77 "FAIL  identity: aws: Expired" --aws
"$lab" fault --state "$state" expired=off clock-skew=-600 >/dev/null
doctor 78 "FAIL  clock: this machine's is 10 minutes ahead of AWS's" --aws
"$lab" fault --state "$state" clock-skew=0 >/dev/null

# A bundle: what is in it was shown, and nothing that is planted. ~/.ssh and the like are not touched.
refused() { # STATUS TEXT ARGUMENT...
  local status=$1 text=$2 rc=0
  shift 2
  "$passport" diagnostics bundle "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
  [[ $rc == "$status" && ! -s $work/out ]] || fail "bundle $*: status $rc: $(cat "$work/out" "$work/err")"
  grep -qF -- "$text" "$work/err" || fail "bundle $*: said $(cat "$work/err")"
  ok "bundle: $text"
}
cd "$work"
refused 64 "there is nobody to ask"
refused 64 'there is no entry "nothing"' --print nothing
[[ -z $(find . -maxdepth 1 -name '*.tar.gz*') ]] || fail "a refusal wrote"
jwt=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJlLXBsYW50ZWQtaGVyZQ
secret=wJalrXUtnFEMI/K7MDENG/bPxRfiCYplantedKEY
cat >"$work/odd.conf" <<EOF
# planted-comment
service = https://ann:planted-url@service.hidden.example:1
pasword = planted-value
planted-line
-----BEGIN OPENSSH PRIVATE KEY-----
cGxhbnRlZC1rZXktaW4tdGhlLWNvbmZpZ3VyYXRpb24tZmlsZS1vZi10aGlzLXRlc3Q
-----END OPENSSH PRIVATE KEY-----
EOF
printf '  SetEnv PASSWORD=planted-setenv\n  # planted-remark\n' >>"$config"
printf 'planted-host ssh-ed25519 cGxhbnRlZA==\n' >>"$XDG_RUNTIME_DIR/passport/known_hosts"
# shellcheck disable=SC2031  # start_service changes its own copy alone
planted=(planted hunter2 "$jwt" "$secret" ASIAPLANTEDPLANTED12 "$AWS_SECRET_ACCESS_KEY" "$(cat "$token")" c2lnbmF0dXJl cGxhbnRlZ)
bundle() {
  env http_proxy=http://u:hunter2@proxy.hidden.example:1 AWS_ENDPOINT_URL_KMS=https://kms.hidden.example MY_THING=planted-thing DB_URL=postgres://u:planted-db@h/db HTTPS_PROXY=http://u:hunter2@127.0.0.1:1 NO_PROXY=127.0.0.1 "JWT=$jwt" \
    "LANG=$secret" "TERM=ASIAPLANTEDPLANTED12" "TZ=Authorization: Bearer planted-bearer" "AWS_SESSION_TOKEN=planted-session" \
    "LC_ALL=https://h/?X-Amz-Signature=planted" "$passport" diagnostics bundle "$@"
}
for config_file in "$conf" "$work/odd.conf"; do
  for more in '' --anonymous; do
    export PASSPORT_CONFIG=$config_file
    # shellcheck disable=SC2086  # empty or one word
    bundle --yes --force $more --output b.tar.gz "${ids[0]}" >"$work/out" 2>"$work/list" || fail "bundle: $(cat "$work/list")"
    [[ $(cat "$work/out") == b.tar.gz && $(stat -c %a b.tar.gz) == 600 ]] || fail "bundle: $(ls -l b.tar.gz) $(cat "$work/out")"
    tar tvzf b.tar.gz | awk '{ print $3, $6 }' >"$work/in"
    diff <(awk '{ print $1, $2 }' "$work/list") "$work/in" || fail "what is in it is not what was shown"
    tar xzOf b.tar.gz >"$work/all"
    for word in "${planted[@]}"; do
      if grep -aqiF -- "$word" "$work/all" b.tar.gz; then fail "$config_file $more: \"$word\" is in it: $(grep -aiF -- "$word" "$work/all")"; fi
    done
  done
  for word in "${ids[0]}" "ann" "$(hostname)" 123456789012 hidden.example; do
    if grep -aqwiF -- "$word" "$work/all"; then fail "anonymous: \"$word\" is in it: $(grep -awiF -- "$word" "$work/all")"; fi
  done
done
unset PASSPORT_CONFIG
[[ -z $(find . -maxdepth 1 -name 'b.tar.gz?*') ]] || fail "left: $(ls)"
ok "nothing that is planted"
bundle --list >"$work/list" || fail "--list"
for entry in about.txt doctor.txt doctor.json versions.txt own-passport.conf environment.txt ssh_config known_hosts agent-list.json \
  agent-status.json requests.json; do grep -q "^ *[0-9]*  $entry$" "$work/list" || fail "no $entry: $(cat "$work/list"; bundle --print doctor.txt)"; done
bundle --print doctor.txt | grep -q "^ok    agent: $id" || fail "--print doctor.txt"
bundle --print own-passport.conf | grep -qx "service = $url" || fail "--print own-passport.conf"
bundle --print environment.txt | grep -qx 'MY_THING=\[redacted\]' || fail "--print environment.txt"
bundle --print environment.txt | grep -qx 'HTTPS_PROXY=http://127.0.0.1:1, with a password' || fail "a proxy in environment.txt"
echo an-odd-token >"$work/odd-token"
PASSPORT_TOKEN_FILE=$work/odd-token PASSPORT_ACCOUNT=an-odd-token bundle --aws --print environment.txt >"$work/out" || fail "--aws --print"
if grep an-odd-token "$work/out"; then fail "a token that no check has looked at"; fi
for arguments in "bundle --list" "bundle --print doctor.txt" doctor "doctor --json"; do
  rc=0
  # shellcheck disable=SC2086  # words
  "$passport" diagnostics $arguments 2>"$work/err" >/dev/full || rc=$?
  [[ $rc == 69 && $(cat "$work/err") == "passport-diagnostics: standard output cannot be written" ]] || fail "$arguments: $rc $(cat "$work/err")"
done
bundle --print ssh_config | grep -qx "Host ${ids[0]}.*" || fail "--print ssh_config"
bundle --print requests.json | python3 -c "import json, sys; assert json.load(sys.stdin)[0]['reason'] == '[redacted]'" || fail "--print requests.json"
ok "what is in it"
cp b.tar.gz before.tar.gz
refused 75 "b.tar.gz is there already" --yes -o b.tar.gz
cmp -s b.tar.gz before.tar.gz || fail "a file that is there is not replaced"
bundle --yes --output - 2>/dev/null | tar tzf - | grep -qx doctor.txt || fail "standard output"
for answer in n y; do
  printf '%s\n' $answer | timeout 60 script -qec "'$passport' diagnostics bundle -o asked.tar.gz" /dev/null >"$work/out" || fail "asked: $(cat "$work/out")"
  grep -q 'Write this to asked.tar.gz? \[y/N\]' "$work/out" || fail "not asked: $(cat "$work/out")"
  [[ -e asked.tar.gz ]] && written=y || written=n
  [[ $written == "$answer" ]] || fail "$answer: $(ls)"
done
ok "asked"

# At the end the service itself.
stop_service TERM
cp "$work/good" "$config"
doctor 69 "FAIL  connection: cannot connect to ${url#https://}: connection refused"
has "ok    agent: it runs"
passport-agent stop >/dev/null
stop_lab
