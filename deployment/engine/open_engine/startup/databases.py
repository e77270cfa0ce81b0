"""Wait for Postgres and Redis, and say in one sentence why one of them cannot be used."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg
import redis

from open_engine.startup.errors import EngineError

TIMEOUT = 30.0  # seconds; compose starts the server when both are healthy, `docker run` does not
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
_VARIABLES = {"Postgres": "DATABASE_URI", "Redis": "REDIS_URI"}
_OLD_VOLUME = (
    "put the password that the volume was made with into deployment/.env, or delete the data with: "
    "make down VOLUMES=1"
)


def wait_for_postgres(uri: str, timeout: float = TIMEOUT) -> None:
    """Wait until a database answers that is empty or this server's own.

    Args:
        uri: as in `DATABASE_URI`.
        timeout: seconds.

    Raises:
        EngineError: it does not answer, refuses the password, or is somebody else's.
    """
    _retry(lambda: _check_postgres(uri), psycopg.OperationalError, "Postgres", uri, timeout)


def wait_for_redis(uri: str, timeout: float = TIMEOUT) -> None:
    """Wait until Redis answers.

    Args:
        uri: as in `REDIS_URI`.
        timeout: seconds.

    Raises:
        EngineError: it does not answer or refuses the password.
    """
    _retry(lambda: _check_redis(uri), redis.ConnectionError, "Redis", uri, timeout)


def _retry(
    check: Callable[[], None],
    unreachable: type[Exception],
    name: str,
    uri: str,
    timeout: float,
) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            return check()
        except unreachable as error:
            if time.monotonic() > deadline:
                where = urlsplit(uri)  # without the password
                raise EngineError(
                    f"{name} does not answer at {where.hostname}:{where.port}: {_reason(error)}.",
                    f"start it with: make up; or correct its address, {_VARIABLES[name]}",
                ) from None
        except (psycopg.ProgrammingError, redis.ResponseError, ValueError) as error:
            raise EngineError(
                f"{name} cannot be used: {_reason(error)}.",
                f"correct {_VARIABLES[name]}, then: make up",
            ) from None
        time.sleep(0.5)


def _reason(error: Exception) -> str:
    """Return why a connection failed, without the address and without the advice that follow it."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return first.rpartition("failed: ")[2].rstrip(".?! ")


def _check_postgres(uri: str) -> None:
    try:
        with psycopg.connect(uri, connect_timeout=5) as connection:
            tables = {name for (name,) in connection.execute(_TABLES).fetchall()}
            version = None
            if "alembic_version" in tables:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                version = row[0] if row else None
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise EngineError("Postgres refuses the password.", _OLD_VOLUME) from None
        if "does not exist" in str(error):
            raise EngineError(
                f"Postgres has no database {urlsplit(uri).path[1:]!r}.",
                "create it, or name another in POSTGRES_DB in deployment/.env",
            ) from None
        raise
    if tables and version not in _own_versions():
        raise EngineError(
            f"The database {urlsplit(uri).path[1:]!r} belongs to another program "
            f"(it holds {', '.join(sorted(tables)[:3])}).",
            "name another database in POSTGRES_DB in deployment/.env, or delete this one's data "
            "with: make down VOLUMES=1",
        )


def _own_versions() -> set[str]:
    """Return all versions of its tables that this server can start from."""
    from aegra_api.core.migrations import get_alembic_config
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(get_alembic_config())
    return {revision.revision for revision in script.walk_revisions()}


def _check_redis(uri: str) -> None:
    client = redis.Redis.from_url(uri, socket_connect_timeout=5)
    try:
        client.ping()
    except redis.AuthenticationError:
        raise EngineError("Redis refuses the password.", "restart both with: make up") from None
    finally:
        client.close()
