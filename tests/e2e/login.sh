#!/bin/bash
# Logins of a person, SSO and MFA, shared through the AWS CLI's caches between passport-proxy and Debian's AWS
# CLI. Runs in a network namespace with loopback alone, in which AWS's names lead to passport-lab.
set -euo pipefail

aws=/usr/bin/aws
if [[ ${1:-} != --inside ]]; then
  [[ -x $aws ]] || { echo "login: skipped: no $aws"; exit 77; }
  [[ $(id -u) == 0 ]] || { echo "login: skipped: not root"; exit 77; }
  exec unshare --net --mount --propagation private "$0" --inside
fi

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
on_terminal() { python3 "$(dirname "$0")/on_terminal.py" "$@"; }
ip link set lo up
region=eu-west-1
names=$(for name in ssm ssmmessages sts kms portal.sso oidc; do printf ' %s.%s.amazonaws.com' $name $region; done)
printf '127.0.0.1 localhost%s\n' "$names" >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts

unset HTTPS_PROXY https_proxy ALL_PROXY all_proxy NO_PROXY no_proxy
start_lab --port 443 --aws-names
key=$AWS_ACCESS_KEY_ID secret=$AWS_SECRET_ACCESS_KEY
unset AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
export AWS_STS_REGIONAL_ENDPOINTS=regional AWS_PAGER=
mkdir -p "$HOME/.aws/sso/cache"
cat >"$HOME/.aws/config" <<END
[profile sso]
sso_session = lab
sso_account_id = 123456789012
sso_role_name = ops
[sso-session lab]
sso_start_url = https://lab.awsapps.com/start
sso_region = $region
[profile old-sso]
sso_start_url = https://lab.awsapps.com/start
sso_region = $region
sso_account_id = 123456789012
sso_role_name = ops
[profile mfa]
role_arn = arn:aws:iam::123456789012:role/mfa-ops
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/lab
[profile base]
aws_access_key_id = $key
aws_secret_access_key = $secret
END

# works NAME, expect STATUS TEXT: ssh through passport-proxy; passport-proxy alone, which fails.
works() {
  local said
  said=$(setsid ssh -F "$config" "$instance" echo hello 2>"$work/err" </dev/null) || fail "$1: $(cat "$work/err")"
  [[ $said == hello ]] || fail "$1: said '$said'"
  ok "$1"
}
expect() {
  local rc=0
  setsid timeout 60 "$proxy" "$instance" </dev/null >"$work/out" 2>"$work/err" || rc=$?
  [[ $rc == "$1" ]] || fail "status $rc, not $1: $(cat "$work/err")"
  grep -qF -- "$2" "$work/err" || fail "said '$(cat "$work/err")', not '$2'"
  grep -qF -- "$3" "$work/err" || fail "hint '$(cat "$work/err")', not '$3'"
  ok "$2"
}
# arn: as whom the AWS CLI calls, which keeps keys of SSO too.
arn() { setsid "$aws" sts get-caller-identity --query Arn --output text </dev/null; }
token_file() { echo "$HOME/.aws/sso/cache/$(printf %s "$1" | sha1sum | cut -d' ' -f1).json"; }
# ends_in SECONDS: the token of the sso-session does.
ends_in() {
  local end
  end=$(date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ)
  sed -i -E "s/(\"expiresAt\": ?\")[^\"]*/\1$end/" "$token"
}

export AWS_PROFILE=sso
token=$(token_file lab)
sso_arn() {
  rm -rf "$HOME/.aws/cli"
  arn
}
sso_arn=arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_ops/lab
expect 77 'there is no SSO login of profile "sso"' 'aws sso login --profile sso'
cp "$state/sso_token.json" "$token"
works "an SSO login"
[[ $(sso_arn) == "$sso_arn" ]] || fail "the AWS CLI does not take the same login"
[[ $(audited sso-oidc:CreateToken) == 0 ]] || fail "a token that holds was renewed"
ends_in 300
works "an SSO login near its end"
[[ $(audited sso-oidc:CreateToken) == 1 ]] || fail "it was not renewed"
[[ $(stat -c %a "$token") == 600 ]] || fail "others may read the token"
[[ $(sso_arn) == "$sso_arn" ]] || fail "the AWS CLI does not take the renewed login"
ends_in 300
[[ $(sso_arn) == "$sso_arn" ]] || fail "the AWS CLI does not renew the login that was renewed"
[[ $(audited sso-oidc:CreateToken) == 2 ]] || fail "the AWS CLI did not renew it"
rm -rf "$HOME/.aws/cli"
works "an SSO login that the AWS CLI renewed"
cp "$token" "$(token_file https://lab.awsapps.com/start)"
AWS_PROFILE=old-sso works "an SSO login of the older form"
cp "$state/sso_token.json" "$token"  # its tokens are used up
expect 77 'the SSO login of profile "sso" has expired' 'aws sso login --profile sso'
ends_in -60
expect 77 'the SSO login of profile "sso" has expired' 'aws sso login --profile sso'

export AWS_PROFILE=mfa
code=$(cat "$state/mfa_code")
expect 77 'profile "mfa" wants an MFA code: no terminal to ask on' 'aws configure export-credentials'
said=$(on_terminal "$code" ssh -F "$config" "$instance" echo hello) || fail "MFA: $said"
[[ $said == *'Enter MFA code for arn:aws:iam::123456789012:mfa/lab: '*hello* ]] || fail "MFA: $said"
[[ $said != *"$code"* ]] || fail "the code was shown: $said"
ok "an MFA code"
[[ $(stat -c %a "$HOME"/.aws/cli/cache/*.json) == 600 ]] || fail "others may read the role's keys"
works "the second time without a code"
[[ $(arn) == arn:aws:sts::123456789012:assumed-role/mfa-ops/passport-* ]] || fail "the AWS CLI does not take the role: $(arn)"
[[ $(audited sts:AssumeRole) == 1 ]] || fail "the role was assumed $(audited sts:AssumeRole) times"
rm -r "$HOME/.aws/cli"
said=$(on_terminal "$code" "$aws" sts get-caller-identity) || fail "the AWS CLI on a terminal: $said"
works "the role that the AWS CLI assumed"
[[ $(audited sts:AssumeRole) == 2 ]] || fail "the role was assumed once more"
rm -r "$HOME/.aws/cli"

# The terminal is as before, whichever way it ends.
cat >"$work/once" <<END
trap : INT
stty -a >"$work/before"
"$proxy" "$instance" </dev/null >"$work/out"; echo status \$?
stty -a >"$work/after"
END
said=$(on_terminal 000000 sh "$work/once") || fail "a wrong code: $said"
[[ $said == *'MultiFactorAuthentication failed'*'status 77'* ]] || fail "a wrong code: $said"
same "$work/before" "$work/after"
ok "a wrong code"
said=$(on_terminal ^C sh "$work/once") || fail "ctrl-C: $said"
[[ $said == *'status 130'* ]] || fail "ctrl-C: $said"
same "$work/before" "$work/after"
[[ ! -s $work/out ]] || fail "wrote to standard output"
ok "ctrl-C"
stop_lab
echo "login: passed"
