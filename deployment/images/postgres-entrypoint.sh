#!/bin/sh
# Makes the database on first start, then runs the server in place of this script.
# Until the database is complete it answers on its socket only, so that no health check over TCP
# passes too early, as with the official image.
set -eu

initialise() {
    : "${POSTGRES_PASSWORD:?must be set: the superuser'\''s password}"
    user=${POSTGRES_USER:-postgres}
    printf '%s\n' "$POSTGRES_PASSWORD" |
        initdb --username="$user" --pwfile=/dev/stdin --auth-local=trust --auth-host=scram-sha-256
    printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    pg_ctl --options='-c listen_addresses=' --wait start
    if [ "${POSTGRES_DB:-$user}" != postgres ]; then
        createdb --username="$user" "${POSTGRES_DB:-$user}"
    fi
    pg_ctl --mode=fast --wait stop
}

if [ "${1:-}" = postgres ]; then
    if [ -s "$PGDATA/PG_VERSION" ]; then
        echo "PostgreSQL Database directory appears to contain a database; skipping initialization"
    else
        initialise
    fi
    set -- "$@" -c listen_addresses='*'
fi
exec "$@"
