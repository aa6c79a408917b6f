#!/bin/bash
# Sessions encrypted with a data key of KMS, and those that are refused for want of it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
key=1234abcd-12ab-34cd-56ef-1234567890ab
arn=arn:aws:kms:eu-west-1:123456789012:key/$key

head -c $((20 << 20)) /dev/urandom >"$work/bulk"
sum=$(sha256sum <"$work/bulk")
# carries KEY: ssh and 20 MiB each way through a session that must be encrypted with KEY.
carries() {
  local command=(ssh -F "$config" -o ProxyCommand="$proxy --kms-key $1 %h %p" "$instance")
  [[ $("${command[@]}" 'echo hello') == hello ]] || fail "ssh does not run a command"
  [[ $("${command[@]}" 'tee copy | sha256sum' <"$work/bulk") == "$sum" ]] || fail "20 MiB up differ"
  [[ $("${command[@]}" 'cat copy' | sha256sum) == "$sum" ]] || fail "20 MiB down differ"
}

start_lab --kms-key "$key" --agent-payload-size 65536
carries "$arn"
[[ $(audited kms:GenerateDataKey) == 3 && $(audited kms:Decrypt) == 3 ]] || fail "KMS was not asked for each session"
ok "20 MiB each way, encrypted"
"$proxy" --kms-key "$key" -L "$work/echo.sock:localhost:7" "$instance" >"$work/out" 2>"$work/err" &
forward=$!
wait_for 20 test -s "$work/out" || fail "no forward: $(cat "$work/err")"
[[ $(timeout 60 python3 "$(dirname "$0")/connect.py" talk "$work/echo.sock" <"$work/bulk" | sha256sum) == "$sum" ]] ||
  fail "20 MiB through a forward differ"
kill "$forward"
wait "$forward" 2>/dev/null || true
[[ $(audited kms:Decrypt) == 4 ]] || fail "the forward was not encrypted"
ok "20 MiB there and back through a forward"
[[ $(ssh -F "$config" "$instance" 'echo hello') == hello ]] || fail "no encryption without --kms-key"
[[ $(audited kms:Decrypt) == 5 ]] || fail "not encrypted without --kms-key"
ok "the agent's key without --kms-key"
ended=$(audited ssm:TerminateSession)
expect 76 "asked for encryption with KMS key \"${arn%b}c\", was offered \"$key\"" --kms-key "${arn%b}c" "$instance"
expect 76 "asked for encryption with KMS key \"alias/shells\", was offered \"$key\"" --kms-key alias/shells "$instance"
expect 69 'kms:GenerateDataKey on arn:aws:kms:eu-west-2:123456789012:key/'"$key"': aws: NotFoundException: Invalid arn eu-west-2' \
  --kms-key "arn:aws:kms:eu-west-2:123456789012:key/$key" "$instance"
[[ $(audited kms:Decrypt) == 5 ]] || fail "a refused session had its key decrypted"
[[ $(audited ssm:TerminateSession) == $((ended + 3)) ]] || fail "a refused session goes on"
stop_lab

start_lab --kms-key alias/shells --kms-challenge off --agent-payload-size 65536
carries alias/shells
ok "an alias, and an agent without a challenge for the encryption context"
stop_lab

start_lab
expect 76 "asked for encryption with KMS key \"$key\", was offered none" --kms-key "$key" "$instance"
[[ $(audited kms:GenerateDataKey) == 0 ]] || fail "a data key for nothing"
stop_lab

start_lab --kms-key "$key" --deny kms:GenerateDataKey
expect 77 "kms:GenerateDataKey on $key: aws: AccessDeniedException: User: " "$instance"
grep -qF "must allow kms:GenerateDataKey on $key" "$work/err" || fail "no hint: $(cat "$work/err")"
stop_lab
