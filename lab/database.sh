#!/bin/sh
# Runs on an instance of a lab as root: from then on a PostgreSQL answers there at db.internal:3306, with the database
# "shop" of the user "shop", who needs no password. For forwards to reach.
set -eu
for bin in /usr/lib/postgresql/*/bin; do :; done
data=/var/lib/postgresql/shop
grep -q ' db.internal$' /etc/hosts || echo '127.0.0.1 db.internal' >>/etc/hosts
id postgres >/dev/null 2>&1 || useradd --system --create-home --home-dir /var/lib/postgresql --shell /bin/sh postgres
as_postgres() { su postgres -c "cd && $1"; }
as_postgres "$bin/initdb -A trust -U shop --locale=C -D $data >/dev/null"
# Behind its own sockets: what started the script may take descriptors of the server for the script's.
as_postgres "$bin/pg_ctl -w -D $data -l $data/log -o '-p 3306 -k /tmp' start >/dev/null 2>&1 </dev/null"
as_postgres "$bin/createdb -h /tmp -p 3306 -U shop shop"
