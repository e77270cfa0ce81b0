"""The queue of runs: one active run a thread, in the order of their creation.

Aegra starts every run at once, so that two runs of a thread write into each other, and ignores
`multitask_strategy`. Here Postgres is the queue: a worker may take a run only if it is due, no
other run of its thread is active, and none before it waits. Redis only wakes workers and waiters,
so that nothing is lost with it: each replica looks for runs that nobody has taken, once a second.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import aegra_api.services.worker_executor as workers
import structlog
from aegra_api.core.active_runs import active_runs
from aegra_api.core.orm import Run, _get_session_maker
from aegra_api.core.redis_manager import redis_manager
from aegra_api.models.run_job import RunJob
from aegra_api.services.executor import executor
from aegra_api.settings import settings
from redis import RedisError
from sqlalchemy import select, text

from open_engine.execution.after_run import finish, is_finished
from open_engine.state.locks import lock_thread
from open_engine.state.tables import create_tables

logger = structlog.get_logger(__name__)

ENDED = "open-engine:ended"  # the channel on which the end of each run is told
LOOK_AGAIN = 1.0  # seconds between two looks for runs that nobody has taken
ASK_AGAIN = 2.0  # seconds after which a waiter asks Postgres, in case Redis told it nothing

# A delayed run is created in the future, as on a LangGraph server: until then it blocks nobody.
_DUE = "{0}.status = 'pending' AND {0}.claimed_by IS NULL AND {0}.created_at <= now()"
_ROLLED_BACK = "{0}.execution_params->>'rollback' = 'true'"
# A run waits for the one that runs, for those before it, and for one that is being undone.
_BLOCKED = f"""EXISTS (SELECT FROM runs other WHERE other.thread_id = runs.thread_id
    AND other.run_id <> runs.run_id AND (other.status = 'running'
        OR {_ROLLED_BACK.format("other")} OR {_DUE.format("other")}
        AND (other.created_at, other.run_id) < (runs.created_at, runs.run_id)))"""
_TAKE = text(f"""UPDATE runs SET status = 'running', claimed_by = :worker,
    lease_expires_at = :until, updated_at = now()
    WHERE run_id = :run_id AND {_DUE.format("runs")} AND NOT {_BLOCKED}""")
_NEXT = f"SELECT run_id FROM runs WHERE {_DUE.format('runs')} AND NOT {_BLOCKED}"
_NEXT_OF_THREAD = text(f"{_NEXT} AND thread_id = :thread_id LIMIT 1")
_FORGOTTEN = text(f"{_NEXT} AND updated_at < now() - interval '1 second' LIMIT 100")
# Ended, but the worker died before it had undone it.
_HALF_UNDONE = text(f"""SELECT run_id, thread_id FROM runs WHERE {_ROLLED_BACK.format("runs")}
    AND status NOT IN ('pending', 'running') AND updated_at < now() - interval '5 seconds'""")

_taken: dict[str, str] = {}  # the runs that this replica's workers hold, with their threads


def install() -> None:
    """Make Aegra's executor a `Queue`, and have its workers take runs by `take`.

    Aegra makes its one executor while it is imported, and its modules hold it by name: so this very
    object changes its class, before it is started.

    Raises:
        RuntimeError: it is of another class than the one that `Queue` extends.
    """
    if type(executor) is not workers.WorkerExecutor:
        raise RuntimeError(
            f"Aegra's executor is a {type(executor).__name__}, not a WorkerExecutor: it would not "
            "keep the order of runs"
        )
    executor.__class__ = Queue
    Queue.__init__(executor)
    workers._acquire_and_load = take


class Queue(workers.WorkerExecutor):
    """Aegra's executor, with the order of runs kept and their ends told."""

    def __init__(self) -> None:
        super().__init__()
        self._tasks: list[asyncio.Task[None]] = []
        self._waiters: dict[str, set[asyncio.Event]] = defaultdict(set)

    async def start(self) -> None:
        """Start the workers, the listener and the look-out, once there are all tables."""
        await create_tables()
        await super().start()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look_out())]

    async def stop(self) -> None:
        """Let runs end or hand them over, then stop."""
        await super().stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def submit(self, job: RunJob) -> None:
        """Wake a worker; without Redis, the look-out finds the run."""
        await wake(job.identity.run_id)

    async def wait_for_completion(  # as Aegra calls it
        self,
        run_id: str,
        *,
        timeout: float = 300.0,  # noqa: ASYNC109
    ) -> None:
        """Wait until a run has ended.

        Args:
            run_id: which.
            timeout: seconds.

        Raises:
            TimeoutError: it has not ended by then.
        """
        await self._wait(run_id, workers._is_run_terminal, timeout)

    async def wait_until_finished(self, run_id: str, *, within: float = 5.0) -> None:
        """Wait until all that follows a run's end is done too, or a time is over.

        Args:
            run_id: which.
            within: seconds.
        """
        with suppress(TimeoutError):
            await self._wait(run_id, is_finished, within)

    async def _wait(
        self, run_id: str, condition: Callable[[str], Awaitable[bool]], within: float
    ) -> None:
        ended = asyncio.Event()
        self._waiters[run_id].add(ended)
        try:
            async with asyncio.timeout(within):
                while not ended.is_set() and not await condition(run_id):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(ended.wait(), ASK_AGAIN)
        finally:
            self._waiters[run_id].discard(ended)
            if not self._waiters[run_id]:
                del self._waiters[run_id]

    async def _execute_and_release(
        self, run_id: str, worker_name: str, semaphore: asyncio.Semaphore
    ) -> None:
        if run_id in active_runs:  # woken twice; a second task would hide the first from a cancel
            semaphore.release()
            return
        try:
            await super()._execute_and_release(run_id, worker_name, semaphore)
        finally:
            thread_id = _taken.pop(run_id, None)
            if thread_id:
                await asyncio.shield(after_run(run_id, thread_id))

    async def _listen(self) -> None:
        """Tell the waiters of this replica about ends anywhere."""
        while True:
            try:
                async with redis_manager.get_client().pubsub() as pubsub:
                    await pubsub.subscribe(ENDED)
                    async for message in pubsub.listen():
                        for ended in self._waiters.get(message["data"], ()):
                            ended.set()
            except RedisError as error:
                logger.warning("Redis does not answer, waiters ask Postgres", error=str(error))
                await asyncio.sleep(LOOK_AGAIN)

    async def _look_out(self) -> None:
        """Find runs whose time has come, or whose wake-up was lost."""
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            try:
                async with _get_session_maker()() as session:
                    forgotten = (await session.scalars(_FORGOTTEN)).all()
                    half_undone = (await session.execute(_HALF_UNDONE)).all()
                for run_id in forgotten:
                    await wake(run_id)
                for run_id, thread_id in half_undone:
                    await after_run(run_id, thread_id)
            except Exception:
                logger.exception("Looking for forgotten runs failed")


async def take(run_id: str, worker_name: str) -> workers._LoadedRun | None:
    """Take a run for a worker and return it, or None if it is not this run's turn.

    In Aegra's place, because that checks nothing but whether the run is still there.
    """
    until = datetime.now(UTC) + timedelta(seconds=settings.worker.LEASE_DURATION_SECONDS)
    async with _get_session_maker()() as session:
        run = await session.scalar(select(Run).where(Run.run_id == run_id))
        if run is None or run.execution_params is None:
            return None
        await lock_thread(session, run.thread_id)
        values = {"run_id": run_id, "worker": worker_name, "until": until}
        taken: Any = await session.execute(_TAKE, values)
        await session.commit()
        if not taken.rowcount:
            return None
        _taken[run_id] = run.thread_id
        return workers._LoadedRun(RunJob.from_run_orm(run), run.execution_params.get("trace", {}))


async def wake(run_id: str) -> None:
    """Tell the workers that a run may be due."""
    with suppress(RedisError):
        await redis_manager.get_client().rpush(settings.worker.WORKER_QUEUE_KEY, run_id)


async def wake_next(thread_id: str) -> None:
    """Wake a worker for the run of a thread whose turn it is, if there is one."""
    async with _get_session_maker()() as session:
        run_id = await session.scalar(_NEXT_OF_THREAD, {"thread_id": thread_id})
    if run_id:
        await wake(run_id)


async def tell_end(run_id: str) -> None:
    """Tell everyone who waits for a run, on any replica, that it has ended."""
    with suppress(RedisError):
        await redis_manager.get_client().publish(ENDED, run_id)


async def after_run(run_id: str, thread_id: str) -> None:
    """Do what follows a run that a worker has let go, ended or not."""
    try:
        if await finish(run_id, thread_id):
            await tell_end(run_id)
    except Exception:
        logger.exception("The end of a run could not be handled", run_id=run_id)
    await wake_next(thread_id)
