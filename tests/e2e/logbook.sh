#!/bin/bash
# The Logbook of a passportd that runs: its checkpoints, its export, and that changes are found.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
passportd=$build/service/passportd
logbook=$build/service/passport-logbook
export AWS_EC2_METADATA_DISABLED=true AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=passportd -addext subjectAltName=IP:127.0.0.1 \
  -keyout "$work/tls.key" -out "$work/tls.pem" 2>/dev/null
service_state=$work/service
database=sqlite:$service_state/passport.db
cat >"$work/passportd.conf" <<EOF
listen = 127.0.0.1:0
certificate = $work/tls.pem
key = $work/tls.key
database = $database
state_dir = $service_state

[account 123456789012]
regions = eu-west-1
role = arn:aws:iam::123456789012:role/passport
admins = ops
EOF
start_service() {
  "$passportd" --config "$work/passportd.conf" >"$work/url" 2>>"$work/passportd.log" &
  service=$!
  up() { [[ -s $work/url ]]; }
  wait_for 20 up || fail "passportd does not start: $(cat "$work/passportd.log")"
}
stop_service() {
  kill "$service"
  wait "$service" 2>/dev/null || true
  : >"$work/url"
}
end_service() {
  local status=$?
  [[ -z ${service:-} ]] || kill -KILL "$service" 2>/dev/null || true
  cleanup "$status"
}
trap end_service EXIT
wish='{"account":"123456789012","region":"eu-west-1","instances":["i-00000000000000001"],"reason":"a test","duration_s":600}'
# refused: somebody asks for what is not theirs.
refused() {
  [[ $("$here/call.py" "$(cat "$work/url")" "$work/tls.pem" "$work/eve" POST /v1/requests "$wish" | sed -n 1p) == 403 ]]
}
# verify STATUS EXPORT [WORDS]: its exit status, and what it says.
verify() {
  local status=0
  "$logbook" verify --public-key "$service_state/logbook_ed25519.pub" --checkpoint "$work/kept" "$2" \
    >"$work/said" 2>&1 || status=$?
  [[ $status == "$1" ]] || fail "verify: status $status: $(cat "$work/said")"
  [[ $(<"$work/said") == *"${3:-}"* ]] || fail "verify: $(cat "$work/said")"
}

"$passportd" token --config "$work/passportd.conf" --user eve --groups others >"$work/eve"
start_service
for _ in 1 2 3; do refused || fail "a request is not refused"; done
stop_service
[[ $(stat -c %a "$service_state/checkpoints" "$service_state/logbook_ed25519" | sort -u) == 600 ]] || fail "modes"
cp "$service_state/checkpoints" "$work/first"
start_service
for _ in 1 2 3; do refused || fail "a request is not refused"; done
stop_service
cp "$service_state/checkpoints" "$work/kept"
(($(wc -l <"$work/kept") >= 2)) || fail "checkpoints: $(cat "$work/kept")"
cmp -s -n "$(stat -c %s "$work/first")" "$work/first" "$work/kept" || fail "checkpoints were rewritten"
"$logbook" export --database "$database" >"$work/export"
verify 0 "$work/export" "7 records; they hold up to the checkpoint at record 7"
ok "export and verify"

# With tools that know nothing of Passport: each record's hash, and the chain.
python3 - "$work/export" <<'EOF' || fail "the chain is not as its manual says"
import hashlib, json, struct, sys
previous = "0" * 64
for line in open(sys.argv[1]):
    record = json.loads(line)
    if "checkpoint" in record:
        assert record["checkpoint"]["hash"] == previous
        continue
    assert record["previous"] == previous
    parts = ["passport logbook record v1"] + [str(record[name]) for name in (
        "sequence", "at", "actor", "action", "object", "outcome", "details", "previous")]
    text = b"".join(struct.pack(">I", len(p.encode())) + p.encode() for p in parts)
    previous = hashlib.sha256(text).hexdigest()
    assert record["hash"] == previous
EOF
ok "the chain by its manual"

"$logbook" show "$work/export" >"$work/shown"
[[ $(wc -l <"$work/shown") == 7 ]] || fail "show: $(cat "$work/shown")"
[[ $("$logbook" show --actor eve "$work/export" | wc -l) == 6 ]] || fail "show --actor: $(cat "$work/shown")"
[[ $("$logbook" show --since 2099-01-01T00:00:00Z "$work/export" | wc -l) == 0 ]] || fail "show --since"
same <("$logbook" show --json --database "$database") <(sed '/^{"checkpoint"/d' "$work/export")
if grep -qF "$(cat "$work/eve")" "$work/export" "$work/passportd.log"; then fail "a token is in the Logbook or the log"; fi
ok "show"

# What somebody may try who has the file, or the database.
sed '2d' "$work/export" >"$work/forged"
verify 77 "$work/forged" "record 3 stands where 2 belongs"
sed '2s/eve/ann/' "$work/export" >"$work/forged"
verify 77 "$work/forged" "record 2 was changed"
head -c -2 "$work/export" >"$work/forged"
verify 65 "$work/forged" "middle of a line"
sed -n '/^{"checkpoint"/{p;q};p' "$work/export" >"$work/forged"
verify 77 "$work/forged" "which was kept, is not in it"
status=0
"$logbook" export --database "sqlite:$work/none" >/dev/null 2>&1 || status=$?
[[ $status == 69 && ! -e $work/none ]] || fail "export of nothing: status $status"
ok "changes are found"

# A database set back is not served.
sqlite3 "$service_state/passport.db" "DROP TRIGGER logbook_checkpoint_no_delete; DELETE FROM logbook_checkpoint WHERE sequence = 7"
status=0
timeout 20 "$passportd" --config "$work/passportd.conf" >/dev/null 2>"$work/said" || status=$?
[[ $status == 78 ]] || fail "a database set back: status $status: $(cat "$work/said")"
ok "a database set back is refused"
