#!/bin/sh
# Makes what a passportd over a lab needs: service_config.sh DIR REGION writes DIR/passportd.conf, which has the lab's account and
# all state in DIR, and a certificate for 127.0.0.1, DIR/tls.pem, that clients have to trust.
set -eu
dir=$1 region=$2
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=passportd -addext subjectAltName=IP:127.0.0.1 \
  -keyout "$dir/tls.key" -out "$dir/tls.pem" 2>/dev/null
cat >"$dir/passportd.conf" <<EOF
listen = 127.0.0.1:0
certificate = $dir/tls.pem
key = $dir/tls.key
database = sqlite:$dir/state/passport.db
state_dir = $dir/state

[account 123456789012]
regions = $region
role = arn:aws:iam::123456789012:role/passport
external_id = write-your-own
admins = ops
observers = audit
EOF
