"""The connections to Postgres: they keep prepared statements, and are replaced all together.

Aegra turns the first off, so that PgBouncer may stand in between. Here nothing stands in between,
and a run is some fifty statements: preparing each of them anew took a third of its time.
"""

from __future__ import annotations

from typing import Any

from aegra_api.core import database
from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def install() -> None:
    """Replace what Aegra makes its connections by: SQLAlchemy's engine and psycopg's pool."""
    database.create_async_engine = create_engine
    database.AsyncConnectionPool = Pool


def create_engine(url: str, *, connect_args: dict[str, Any], **options: Any) -> AsyncEngine:
    """Return an engine with SQLAlchemy's cache of statements, in place of Aegra's without."""
    return create_async_engine(url, **options)


class Pool(AsyncConnectionPool):
    """The pool of the checkpointer and the store, with psycopg's own rule for preparing.

    When Postgres was restarted, all connections are broken. Whoever gets one broken connection
    after the other waits a second, then two, then four in between: half a minute for a request.
    So the first that is found broken has all others looked at, and replaced.
    """

    def __init__(self, *, kwargs: dict[str, Any], check: Any, **options: Any) -> None:
        del kwargs["prepare_threshold"]
        super().__init__(kwargs=kwargs, check=self._look, **options)

    async def _look(self, connection: AsyncConnection[Any]) -> None:
        try:
            await self.check_connection(connection)
        except OperationalError:
            await self.check()
            raise
