"""The connections to Postgres, which keep the statements that they have prepared.

Aegra turns that off, so that PgBouncer may stand in between. Here nothing stands in between, and a
run is some fifty statements: preparing each of them anew took a third of its time.
"""

from __future__ import annotations

from typing import Any

from aegra_api.core import database
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def create_engine(url: str, *, connect_args: dict[str, Any], **options: Any) -> AsyncEngine:
    """Return an engine with SQLAlchemy's cache of statements, in place of Aegra's without."""
    return create_async_engine(url, **options)


class Pool(AsyncConnectionPool):
    """The pool of the checkpointer and the store, with psycopg's own rule for preparing."""

    def __init__(self, *, kwargs: dict[str, Any], **options: Any) -> None:
        del kwargs["prepare_threshold"]
        super().__init__(kwargs=kwargs, **options)


database.create_async_engine = create_engine
database.AsyncConnectionPool = Pool
