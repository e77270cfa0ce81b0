"""The runs of a thread as plain data, with the server's own times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError, UnprocessableEntityError

from course_helpers.server.threads import no_thread

RUNS = 50  # of a thread that are read, the newest
ROLLED_BACK = "rolled back"
SAID = 60  # characters of a run's input message that are shown

_FIELDS: Any = [
    *("run_id", "status", "multitask_strategy", "created_at", "updated_at"),
    "kwargs",  # its input is in there
]
_CHECKPOINTS = 100  # searched for the first one of a run that has no input of its own


@dataclass(frozen=True)
class RunView:
    """A run as it was when it was read. Times are ISO times by the server's clock.

    Attributes:
        run_id: its id.
        status: `pending`, `running`, `success`, `interrupted`, `error`, `timeout` or `rolled back`.
        strategy: what it was to do if the thread was busy: `enqueue`, `interrupt`, `rollback` or
            `reject` (the server's name for it is `multitask_strategy`).
        created_at: when it was accepted.
        started_at: when its first checkpoint was saved; None if none was.
        ended_at: when it ended; None while it is under way. A run that was rolled back ended when
            the run that replaced it was created; None if no such run is known.
        said: the first words of its input message; empty if the server does not tell.
    """

    run_id: str
    status: str
    strategy: str
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    said: str = ""

    @property
    def under_way(self) -> bool:
        """Whether it is pending or running."""
        return self.status in ("pending", "running")

    def __repr__(self) -> str:
        return f"Run {self.status}: {self.said}" if self.said else f"Run {self.status}"


async def read_runs(
    client: LangGraphClient, thread_id: str, known: Sequence[RunView] = ()
) -> list[RunView]:
    """Read the newest `RUNS` runs of a thread, the oldest first.

    The server deletes a run that is rolled back. It is in the result only if it is among the
    `known` ones.

    Args:
        client: of a deployment, for instance `server.client`.
        thread_id: the thread's UUID.
        known: what an earlier call returned.

    Raises:
        NotFoundError: there is no such thread.
    """
    try:
        # Without an id, the SDK would request another address.
        listed = await client.runs.list(thread_id or "none", limit=RUNS, select=_FIELDS)
    except (NotFoundError, UnprocessableEntityError):  # unknown, or not a UUID at all
        raise no_thread(thread_id) from None
    runs = [_view(dict(run)) for run in listed]
    starts = {run.run_id: run.started_at for run in known if run.started_at}
    starts |= await _starts(client, thread_id, runs, starts)
    runs = [replace(run, started_at=starts.get(run.run_id)) for run in runs]
    undone = await _rolled_back(client, thread_id, known, runs)
    return sorted([*runs, *undone], key=lambda run: moment(run.created_at))


def moment(iso_time: str) -> datetime:
    """Return a server's time as a `datetime`."""
    return datetime.fromisoformat(iso_time)


def _view(run: dict[str, Any]) -> RunView:
    view = RunView(
        run_id=str(run["run_id"]),
        status=str(run["status"]),
        strategy=str(run.get("multitask_strategy") or ""),
        created_at=str(run["created_at"]),
        said=_first_words((run.get("kwargs") or {}).get("input")),
    )
    # The last change of a run that is not under way is its end.
    return view if view.under_way else replace(view, ended_at=str(run["updated_at"]))


def _first_words(given: Any) -> str:
    """Return the first words of a run's first input message, in any form that LangChain takes."""
    message = given.get("messages") if isinstance(given, dict) else None
    if isinstance(message, list) and message:
        message = message[0]
    if isinstance(message, list) and len(message) == 2:  # a pair of role and content
        message = message[1]
    text = message.get("content") if isinstance(message, dict) else message
    if isinstance(text, list):  # of blocks
        text = " ".join(str(b.get("text", "")) if isinstance(b, dict) else str(b) for b in text)
    words = " ".join(text.split()) if isinstance(text, str) else ""
    return words if len(words) <= SAID else f"{words[: SAID - 1]}…"


async def _starts(
    client: LangGraphClient, thread_id: str, runs: Sequence[RunView], known: dict[str, Any]
) -> dict[str, str]:
    """Return when each run's first checkpoint was saved, for runs that are not `known`: id -> time.

    A checkpoint names its run. The server sends the whole state with each, so that only the input
    checkpoints are read, one for each run, and only as far back as needed.

    Args:
        runs: newest first.
        known: run id -> time.
    """
    asked = [
        (n, run.run_id)
        for n, run in enumerate(runs, 1)
        if run.status != "pending" and run.run_id not in known
    ]
    if not asked:
        return {}
    inputs = await client.threads.get_history(
        thread_id, limit=asked[-1][0], metadata={"source": "input"}
    )
    found = _by_run(inputs)
    for _, run_id in asked:
        if run_id not in found:  # it was resumed or replayed, or never came to its first step
            own = await client.threads.get_history(
                thread_id, limit=_CHECKPOINTS, metadata={"run_id": run_id}
            )
            found |= _by_run(own)
    return found


def _by_run(history: Sequence[Any]) -> dict[str, str]:
    """Return each run's oldest checkpoint in a history, newest first: run id -> time."""
    return {
        str((state.get("metadata") or {}).get("run_id")): str(state["created_at"])
        for state in history
    }


async def _rolled_back(
    client: LangGraphClient, thread_id: str, known: Sequence[RunView], runs: Sequence[RunView]
) -> list[RunView]:
    """Return the known runs that the server has deleted because another run replaced them."""
    listed = {run.run_id for run in runs}
    undone = []
    for run in known:
        if run.run_id in listed:
            continue
        if run.under_way and await _is_deleted(client, thread_id, run.run_id):
            ended = _replaced_at(run, [*known, *runs])
            run = replace(run, status=ROLLED_BACK, ended_at=ended)
        if run.status == ROLLED_BACK:
            undone.append(run)
    return undone


async def _is_deleted(client: LangGraphClient, thread_id: str, run_id: str) -> bool:
    try:
        await client.runs.get(thread_id, run_id)
    except NotFoundError:
        return True
    return False  # it is only too old for the list


def _replaced_at(run: RunView, others: Sequence[RunView]) -> str | None:
    """Return when the next run that rolls back others was created."""
    later = [
        other.created_at
        for other in others
        if other.strategy == "rollback" and moment(other.created_at) > moment(run.created_at)
    ]
    return min(later, key=moment, default=None)
