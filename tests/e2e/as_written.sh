#!/bin/bash
# The command lines of README.md, typed as they stand there, with Passport installed and a database behind an instance.
# shellcheck disable=SC2046  # $(passport ssh-config) has no quotes there
# shellcheck source=tests/e2e/service_lib.sh
. "$(dirname "$0")/service_lib.sh"
# shellcheck disable=SC2034  # for start_lab
instances=2
start_lab --region eu-west-1
configure
start_service -v
python3 "$here/run_script.py" "$here/../../lab/database.sh" "${ids[0]}" >"$work/out" || fail "the database"
[[ $(tail -n 1 "$work/out") == Success ]] || fail "the database: $(cat "$work/out")"
cmake --install "$build" --prefix "$work/usr" >/dev/null || fail "it cannot be installed"
PATH=$work/usr/bin:$PATH
export MANPATH=$work/usr/share/man: XDG_RUNTIME_DIR=$work/run
unset XDG_STATE_HOME XDG_CONFIG_HOME AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
mkdir -m 700 "$work/run"
mkdir -p "$work/.config/passport"
printf 'service = %s\nca = %s\naccount = 123456789012\nregion = %s\n' "$url" "$work/tls.pem" "$AWS_REGION" \
  >"$work/.config/passport/passport.conf"
cd "$work"
# on_terminal STEP... -- COMMAND...: what was seen goes to $work/seen.
on_terminal() {
  timeout 120 python3 "$here/terminal.py" "$@" >"$work/seen" 2>&1 || fail "$*: $(cat "$work/seen")"
}

passport --help >"$work/out" || fail "--help"
for verb in auth connect copy diagnostics inventory request ssh-config; do
  grep -qw "$verb" "$work/out" || fail "--help has no $verb: $(cat "$work/out")"
done
for verb in agent auth connect copy diagnostics inventory proxy request ssh-config; do
  passport help "$verb" 2>/dev/null >"$work/out" || fail "help $verb"
  grep -q "PASSPORT-${verb^^}(1)" "$work/out" || fail "help $verb: $(head -n 3 "$work/out")"
  [[ $(passport "$verb" --version) == "passport-$verb $(cat "$here/../../version")" ]] || fail "$verb --version"
done
ok "passport --help, passport help VERB"

on_terminal 'wait:Token: ' "send:$(cat "$work/ann")\n" 'wait:ann (ops)' -- passport auth login
grep -q '^status 0' "$work/seen" || fail "login: $(cat "$work/seen")"
if grep -q "$(cat "$work/ann")" "$work/seen"; then fail "the token is shown"; fi
passport request create --reason "disk full, OPS-17" --for 2h "${ids[@]}" >"$work/out" 2>"$work/err" || fail "create: $(cat "$work/err")"
id=$(awk '$1 == "request" { print $2 }' "$work/out")
user=$(awk '$1 == "user" { print $2 }' "$work/out")
ok "passport auth login, passport request create"

# From the first connection on nothing is asked: there is no terminal that could be.
[[ $(ssh -F $(passport ssh-config) "${ids[0]}" id -un </dev/null 2>"$work/err") == "$user" ]] || fail "ssh: $(cat "$work/err")"
[[ ! -s $work/err ]] || fail "ssh says $(cat "$work/err")"
path=$(passport ssh-config --keyType rsa --i "${ids[0]}") || fail "--keyType rsa --i"
[[ -s $path ]] || fail "--keyType rsa --i printed \"$path\""
[[ $(ssh -F "$path" -o ControlPath=none "${ids[0]}" id -un) == "$user" ]] || fail "ssh with RSA"
ok "passport ssh-config"

on_terminal "wait:${ids[1]}" "send:${ids[1]}" "wait:1/2" 'send:\r' 'wait:$ ' 'send:id -un; exit 3\n' "wait:$user" -- passport connect
grep -q '^status 3' "$work/seen" || fail "connect: $(cat "$work/seen")"
on_terminal 'wait:$ ' 'send:id -un; exit\n' "wait:$user" -- passport connect "${ids[0]}"
ok "passport connect"

# A database that only the instance reaches, and PostgreSQL's own client.
mkfifo in
ssh -F $(passport ssh-config) -L 13306:db.internal:3306 "${ids[0]}" <in >"$work/out" 2>&1 &
running=$!
exec 8>in
query() { psql -h 127.0.0.1 -p 13306 -U shop -Atc "SELECT 6 * 7" shop 2>"$work/err"; }
answers() { [[ $(query) == 42 ]]; }
wait_for 20 answers || fail "no database: $(cat "$work/err" "$work/out")"
exec 8>&-
wait "$running" || fail "ssh -L ended with $?: $(cat "$work/out")"
ok "ssh -L to a database"

head -c 300000 /dev/urandom >data.csv
scp -F $(passport ssh-config) data.csv "${ids[0]}":~ >/dev/null || fail "scp"
scp -F $(passport ssh-config) "${ids[0]}":data.csv back >/dev/null || fail "scp back"
same data.csv back
mkdir site
cp data.csv site
rsync -e "ssh -F $(passport ssh-config)" -a site/ "${ids[0]}":site/ || fail "rsync"
[[ $(ssh -F $(passport ssh-config) "${ids[0]}" sha256sum site/data.csv) == "$(sha256sum <data.csv | cut -d' ' -f1)"* ]] || fail "rsync: another hash"
passport copy data.csv "${ids[1]}": || fail "copy"
rm back
passport copy "${ids[1]}":data.csv back || fail "copy back"
same data.csv back
ok "scp, rsync, passport copy"

ansible -i $(passport inventory --path) all -m ping >"$work/out" 2>"$work/err" || fail "ansible: $(cat "$work/out" "$work/err")"
[[ $(grep -c '"ping": "pong"' "$work/out") == 2 ]] || fail "ansible: $(cat "$work/out")"
ok "ansible"

passport diagnostics doctor >"$work/out" || fail "doctor: $(cat "$work/out")"
passport request extend --for 30m "$id" >/dev/null || fail "extend"
passport request complete "$id" >/dev/null || fail "complete"
ok "passport diagnostics doctor, passport request extend, complete"
stop_service TERM
stop_lab
