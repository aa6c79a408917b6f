#!/bin/bash
# Debian's AWS CLI, which knows nothing of this project, against passport-lab: it must understand the
# lab, and the lab must verify its signatures. Runs in a network namespace with loopback alone.
#   PASSPORT_BUILD_DIR  where the programs were built
set -euo pipefail

aws=/usr/bin/aws
build=${PASSPORT_BUILD_DIR:?}
lab=$build/lab/passport-lab
online=i-00000000000000001
offline=i-00000000000000009

skip() {
  echo "awscli: skipped: $*"
  exit 77
}
fail() {
  echo "awscli: FAILED: $*" >&2
  exit 1
}

if [[ ${1:-} != --inside ]]; then
  [[ -x $aws ]] || skip "no $aws"
  user_namespace=()
  [[ $(id -u) == 0 ]] || user_namespace=(--map-root-user)
  unshare "${user_namespace[@]}" --net true 2>/dev/null || skip "no network namespace"
  exec unshare "${user_namespace[@]}" --net "$0" --inside
fi

ip link set lo up
work=$(mktemp -d "${TMPDIR:-/tmp}/passport-awscli.XXXXXX")
state=$work/lab
cleanup() {
  "$lab" down --state "$state" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT
export HOME=$work

# start_lab OPTION...
start_lab() {
  "$lab" up --state "$state" --instances 0 --never-attach "$online" --offline "$offline" "$@" >"$work/up"
  # shellcheck disable=SC1091  # written by the lab
  . "$state/env"
}
stop_lab() {
  "$lab" down --state "$state"
  [[ ! -e $state ]] || fail "down left $state"
}
run_aws() {
  "$aws" --endpoint-url "$AWS_ENDPOINT_URL" --output text --no-cli-pager "$@"
}
# expect TEXT COMMAND...: its standard output is TEXT.
expect() {
  local want=$1 got
  shift
  got=$("$@" 2>"$work/err") || fail "$*: $(cat "$work/err")"
  [[ $got == "$want" ]] || fail "$*: got '$got', want '$want'"
  echo "ok: ${*:2:2}"
}
# expect_error TEXT COMMAND...: it fails, and says TEXT.
expect_error() {
  local want=$1
  shift
  if "$@" >/dev/null 2>"$work/err"; then fail "$*: did not fail"; fi
  grep -qF -- "$want" "$work/err" || fail "$*: said '$(cat "$work/err")', want '$want'"
  echo "ok: $want"
}
# audited ACTION RESULT
audited() {
  grep -qF "\"result\":\"$2\"" <<<"$(grep -F "\"action\":\"$1\"" "$state/audit.jsonl")" ||
    fail "no $1 $2 in the audit trail"
}

start_lab
expect "arn:aws:iam::123456789012:user/lab" run_aws sts get-caller-identity --query Arn
expect "$online	Online
$offline	ConnectionLost" run_aws ssm describe-instance-information \
  --query 'InstanceInformationList[].[InstanceId,PingStatus]'
expect "$offline" run_aws ssm describe-instance-information \
  --filters "Key=InstanceIds,Values=$offline" --query 'InstanceInformationList[].InstanceId'

# Without a plugin the CLI starts the session, finds none, and terminates it.
expect_error "SessionManagerPlugin is not found" run_aws ssm start-session --target "$online" \
  --document-name AWS-StartSSHSession --parameters portNumber=22
audited ssm:StartSession ok
audited ssm:TerminateSession ok
expect "$online	Terminated	AWS-StartSSHSession" run_aws ssm describe-sessions --state History \
  --query 'Sessions[].[Target,Status,DocumentName]'
expect "None" run_aws ssm describe-sessions --state Active --query 'Sessions[0].SessionId'

expect_error "(TargetNotConnected)" run_aws ssm start-session --target "$offline"
expect_error "$offline is not connected." run_aws ssm start-session --target "$offline"
expect_error "(InvalidDocument)" run_aws ssm start-session --target "$online" --document-name Nonsense
expect_error "(ValidationException)" run_aws ssm start-session --target "$online" \
  --document-name AWS-StartSSHSession --parameters portNumber=99999

AWS_SECRET_ACCESS_KEY=guess expect_error "(SignatureDoesNotMatch)" run_aws sts get-caller-identity
AWS_SECRET_ACCESS_KEY=guess expect_error "(InvalidSignatureException)" run_aws ssm describe-sessions \
  --state Active
AWS_ACCESS_KEY_ID=AKIAUNKNOWN expect_error "(UnrecognizedClientException)" run_aws ssm \
  describe-sessions --state Active

role=arn:aws:iam::123456789012:role/ops
read -r key secret token < <(run_aws sts assume-role --role-arn "$role" --role-session-name ada \
  --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]')
AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token \
  expect "arn:aws:sts::123456789012:assumed-role/ops/ada" run_aws sts get-caller-identity --query Arn
AWS_ACCESS_KEY_ID=$key AWS_SECRET_ACCESS_KEY=$secret \
  expect_error "(InvalidClientTokenId)" run_aws sts get-caller-identity
expect "arn:aws:sts::123456789012:assumed-role/ci/job" run_aws sts assume-role-with-web-identity \
  --role-arn arn:aws:iam::123456789012:role/ci --role-session-name job \
  --web-identity-token "$(cat "$state/web_identity_token")" --query AssumedRoleUser.Arn
expect_error "(InvalidIdentityToken)" run_aws sts assume-role-with-web-identity \
  --role-arn arn:aws:iam::123456789012:role/ci --role-session-name job --web-identity-token guess
stop_lab

start_lab --deny ssm:StartSession
expect_error "User: arn:aws:iam::123456789012:user/lab is not authorized to perform: ssm:StartSession on \
resource: arn:aws:ec2:eu-west-1:123456789012:instance/$online" run_aws ssm start-session --target "$online"
stop_lab

start_lab --expired
expect_error "(ExpiredTokenException)" run_aws ssm describe-sessions --state Active
expect_error "(ExpiredToken)" run_aws sts get-caller-identity
stop_lab

start_lab --throttle 1
AWS_MAX_ATTEMPTS=1 expect_error "(ThrottlingException)" run_aws ssm start-session --target "$online"
expect_error "SessionManagerPlugin is not found" run_aws ssm start-session --target "$online"
stop_lab
echo "awscli: passed"
