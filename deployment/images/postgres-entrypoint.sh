#!/bin/sh
# Makes the database on first start, then runs the server in place of this script.
# Until the database is complete it answers on its socket only, so that no health check over TCP
# passes too early, as with the official image.
set -eu

# In a folder of its own until it is complete: a first start that was interrupted begins anew.
initialise() (
    : "${POSTGRES_PASSWORD:?must be set: the password of the superuser}"
    user=${POSTGRES_USER:-postgres} data=$PGDATA
    if [ -d "$data/unfinished" ]; then find "$data" -mindepth 1 -delete; fi
    export PGDATA="$data/unfinished"
    printf '%s\n' "$POSTGRES_PASSWORD" |
        initdb --username="$user" --pwfile=/dev/stdin --auth-local=trust --auth-host=scram-sha-256
    printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    pg_ctl --options='-c listen_addresses=' --wait start
    if [ "${POSTGRES_DB:-$user}" != postgres ]; then
        createdb --username="$user" "${POSTGRES_DB:-$user}"
    fi
    pg_ctl --mode=fast --wait stop
    find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$data" {} +
    mv "$PGDATA/PG_VERSION" "$data" && rmdir "$PGDATA"
)

if [ "${1:-}" = postgres ]; then
    if [ -s "$PGDATA/PG_VERSION" ]; then
        echo "PostgreSQL Database directory appears to contain a database; skipping initialization"
    else
        initialise
    fi
    set -- "$@" -c listen_addresses='*'
fi
exec "$@"
