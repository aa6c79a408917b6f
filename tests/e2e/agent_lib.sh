# shellcheck shell=bash
# What the tests of passport-agent share: an agent of their own, CAs, and a real sshd.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
agent=$build/keyagent/passport-agent
dir=$work/agent
me=$(id -un)
principal=rs-0a1b
export SSH_AUTH_SOCK=$dir/agent.sock

run_agent() { "$agent" "$@" --directory "$dir"; }
stop_agent() {
  local status=$?
  "$agent" stop --directory "$dir" >/dev/null 2>&1 || true
  cleanup "$status"
}
trap stop_agent EXIT

keygen() { ssh-keygen -q -N '' -C '' "$@"; }
# make_cas: an Ed25519 one and an RSA one; $work/certify signs as the design has it: the RSA key
# twice, with SHA-2 and with SHA-1.
make_cas() {
  keygen -t ed25519 -f "$work/ca"
  keygen -t rsa -b 3072 -f "$work/rsa_ca"
  cat "$work/ca.pub" "$work/rsa_ca.pub" >"$work/cas"
  cat >"$work/certify" <<'EOF'
#!/bin/sh
# certify CAS PRINCIPAL VALIDITY: certificates for the public key on standard input
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/key.pub"
sign() {
  ssh-keygen -q -I "$PASSPORT_REQUEST" -n "$principal" -V "$validity" -z "$serial" "$@" "$dir/key.pub"
  cat "$dir/key-cert.pub"
}
cas=$1 principal=$2 validity=$3 serial=$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')
case $(cat "$dir/key.pub") in
  ssh-rsa*) sign -s "$cas/rsa_ca" -t ssh-rsa; sign -s "$cas/rsa_ca" -t rsa-sha2-512 ;;
  *) sign -s "$cas/ca" ;;
esac
EOF
  chmod +x "$work/certify"
}
# add ID [VALIDITY [OPTION...]]
add() {
  local id=$1 validity=${2:--1m:+1h}
  shift $(($# > 1 ? 2 : 1))
  run_agent add-request --certificate-command "'$work/certify' '$work' $principal $validity" "$@" "$id"
}

# make_server NAME LINE...: an sshd for this user, whose configuration ends with the lines.
make_server() {
  local name=$1
  shift
  [[ $(id -u) != 0 ]] || mkdir -p /run/sshd
  [[ -e $work/$name.key ]] || keygen -t ed25519 -f "$work/$name.key"
  echo "${principals:-$principal}" >"$work/principals"
  {
    echo "HostKey $work/$name.key"
    printf '%s\n' "$@"
    printf '%s\n' "TrustedUserCAKeys $work/cas" "AuthorizedPrincipalsFile $work/principals" \
      "AuthorizedKeysFile none" "PasswordAuthentication no" "KbdInteractiveAuthentication no" \
      "UsePAM no" "StrictModes no" "PidFile none" "PermitRootLogin yes"
  } >"$work/$name.conf"
  echo "$name $(cut -d' ' -f1,2 "$work/$name.key.pub")" >"$work/$name.known"
}
# login NAME [SSH OPTION...]: prints "in" when it gets in.
login() {
  local name=$1
  shift
  timeout 30 ssh -F none -o "ProxyCommand=/usr/sbin/sshd -i -f $work/$name.conf -E $work/$name.log" \
    -o UserKnownHostsFile="$work/$name.known" -o StrictHostKeyChecking=yes -o HostKeyAlias="$name" \
    -o IdentityAgent="${asks:-$dir/agent.sock}" -o IdentityFile=none -o BatchMode=yes \
    "$@" "$me@$name" "${command:-echo in}" 2>"$work/ssh.err"
}
gets_in() { [[ $(login "$@") == in ]] || fail "$*: no login: $(cat "$work/ssh.err"; tail -n 5 "$work/$1.log")"; }
stays_out() {
  [[ $(login "$@") != in ]] || fail "$*: got in"
  grep -q 'Permission denied\|Too many authentication failures' "$work/ssh.err" ||
    fail "$*: $(cat "$work/ssh.err")"
}
