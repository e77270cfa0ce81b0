"""A run whose database breaks away under it is handed over, not failed, as on a LangGraph server.

Aegra ends such a run with an error, although it could go on from its last checkpoint a second
later. Here it is left as if its server had died: the reaper gives it to a worker again, three times
at most. Two things of Aegra are used for that: the cancellation that a lost lease causes, which
ends neither the run nor its streams, and `_release_lease`, which is replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import aegra_api.services.worker_executor as workers
import psycopg
import redis
import structlog
from aegra_api.core.orm import _get_session_maker
from aegra_api.services import run_executor
from asyncpg import CannotConnectNowError, PostgresConnectionError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

logger = structlog.get_logger(__name__)

# What a graph sees of a connection that breaks; an OSError may as well be a file's, or a model's.
IN_GRAPH = (
    *(psycopg.OperationalError, psycopg.InterfaceError),
    *(redis.ConnectionError, redis.TimeoutError),
)
IN_SERVER = (*IN_GRAPH, DBAPIError, PostgresConnectionError, CannotConnectNowError, OSError)

# A run that has not ended is due for the reaper, which counts the attempts.
_RELEASE = text("""UPDATE runs SET claimed_by = NULL,
    lease_expires_at = CASE WHEN status = 'running' THEN now() END
    WHERE run_id = :run_id AND claimed_by = :worker""")


def install() -> None:
    """Replace `_release_lease`, by which Aegra's workers let a run go."""
    workers._release_lease = release


@contextmanager
def handed_over(run_id: str, lost: tuple[type[Exception], ...]) -> Iterator[None]:
    """Turn the loss of a connection into the end of this worker's part in a run.

    Args:
        run_id: which.
        lost: the exceptions that mean that a connection is lost.

    Raises:
        asyncio.CancelledError: a connection was lost; the run is not over.
    """
    try:
        yield
    except lost as error:
        if isinstance(error, DBAPIError) and not error.connection_invalidated:
            raise  # Postgres is there, and refuses what it was given
        logger.warning(
            "A database is gone, the run is handed over", run_id=run_id, error=str(error)
        )
        run_executor._lease_loss_cancellations.add(run_id)
        raise asyncio.CancelledError from error


async def release(run_id: str, worker_name: str) -> None:
    """Release a run, so that the reaper finds it if it has not ended; Aegra's loses it then."""
    async with _get_session_maker()() as session:
        await session.execute(_RELEASE, {"run_id": run_id, "worker": worker_name})
        await session.commit()
