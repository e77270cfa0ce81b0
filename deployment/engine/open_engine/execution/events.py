"""The events of a run, as a stream that misses none and can be taken up again.

Aegra writes each event to a list in Redis and then publishes it; its reader takes the list first
and subscribes afterwards, so that what is published in between is lost, it ends every stream with
an event `end` of its own, and gives every event an id. Here the list alone is read, and the channel
only says that it has grown. On a LangGraph server only a resumable run's events have ids, in the
form of a Redis stream's, `<when>-<number>`, growing over all runs of a thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from aegra_api.core.orm import Run
from aegra_api.core.redis_manager import redis_manager
from aegra_api.services import worker_executor as workers
from aegra_api.services.executor import executor
from aegra_api.services.streaming_service import streaming_service
from aegra_api.settings import settings
from aegra_api.utils import extract_event_sequence

from open_engine.execution.failures import failure_of

LOOK_AGAIN = 1.0  # seconds without an event after which the run's status is looked at
END_TIMEOUT = 5.0  # seconds that a run may need to end after its last event
END = "end"  # the name of Aegra's last event of a run

_PREFIX = settings.redis.REDIS_CHANNEL_PREFIX
_ID = re.compile(r"(?P<made>\d{1,17})(?:-(?P<number>\d{1,17}|\*))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Event(NamedTuple):
    """An event of a run, with Aegra's number for it, which no other event of the run has."""

    number: int
    name: str
    data: Any


class Position(NamedTuple):
    """A place in the events of a thread: when its run was made, and the event's number there."""

    made: datetime
    number: int


def event_id(run: Run, number: int) -> str:
    """Return the id that a client can take the stream up from."""
    return f"{(run.created_at - _EPOCH) // _MICROSECOND}-{number}"


def read_event_id(text: str) -> Position:
    """Return the place that an event's id names; "-" is the start.

    Raises:
        ValueError: it is malformed.
    """
    if text == "-":
        return Position(_EPOCH, 0)
    match = _ID.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no event's id")
    number = match["number"] or "0"
    made = _EPOCH + int(match["made"]) * _MICROSECOND
    return Position(made, 0 if number == "*" else int(number))


def number_in(run: Run, last_event_id: str) -> int:
    """Return the number of the last event that a client has; 0, to repeat all, if unclear."""
    try:
        made, number = read_event_id(last_event_id)
    except ValueError:
        return 0
    return number if made == run.created_at else 0


def is_resumable(run: Run) -> bool:
    """Return whether a run was made with `stream_resumable`."""
    return bool((run.execution_params or {}).get("extras", {}).get("resumable"))


async def last_number(run_id: str) -> int:
    """Return the number of the last event that a run has had so far; 0 if there is none."""
    last = await _last_event(run_id)
    return last.number if last else 0


async def has_all(run_id: str, after: int) -> bool:
    """Return whether nothing can come after an event: it is Aegra's `end`."""
    last = await _last_event(run_id)
    return last is not None and (last.number, last.name) == (after, END)


async def stream_events(
    run: Run, after: int = 0, modes: Collection[str] | None = None
) -> AsyncIterator[str]:
    """Yield the events of a run as server-sent events, up to the run's end.

    Args:
        run: which.
        after: the number of the last event to leave out.
        modes: the stream modes to yield; none for all.
    """
    async for event in read_events(run.run_id, after):
        if event.name != END and is_of(event.name, modes):
            yield to_sse(event.name, event.data, event_id(run, event.number), is_resumable(run))


def is_of(event: str, modes: Collection[str] | None) -> bool:
    """Return whether an event belongs to one of some modes; `values|child:1` belongs to values."""
    if not modes or event in modes or event.partition("|")[0] in modes:
        return True
    return event.startswith("messages") and not {"messages", "messages-tuple"}.isdisjoint(modes)


def to_sse(name: str, data: Any, id_: str, with_id: bool = True) -> str:
    """Return a server-sent event."""
    message = streaming_service.event_converter.convert_raw_to_sse(
        id_ if with_id else "", (name, data)
    )
    assert message is not None
    return message


async def read_events(run_id: str, after: int = 0) -> AsyncIterator[Event]:
    """Yield the events of a run that come after one, Aegra's `end` last.

    The list may lose its first rows (Aegra keeps the last 10,000), a row that was written again
    after a failure stands in it twice, and numbers jump when Redis was away: so the last event that
    was read is looked for in the list. If it is not there any more, all of the list is new.
    """
    if await has_all(run_id, after):
        await _until_ended(run_id)
        return
    async with redis_manager.get_client().pubsub() as pubsub:
        await pubsub.subscribe(f"{_PREFIX}{run_id}")
        ended = 0  # looks at a row that says so; the last events may be written a little later
        while ended < 2:
            for event in await _events_after(run_id, after):
                after = event.number
                if event.name == END:
                    await _until_ended(run_id)
                yield await _with_failure(run_id, event)
                if event.name == END:
                    return
            told = await pubsub.get_message(ignore_subscribe_messages=True, timeout=LOOK_AGAIN)
            if told is None:
                ended += await workers._is_run_terminal(run_id)


async def _until_ended(run_id: str) -> None:
    """Wait until a run's row says that it has ended: of a cancelled run, `end` is written before.

    A client whose stream ends earlier takes it for broken, and joins again.
    """
    with suppress(TimeoutError):
        await executor.wait_for_completion(run_id, timeout=END_TIMEOUT)


async def _events_after(run_id: str, after: int) -> list[Event]:
    """Return what the list holds after an event, from its end: mostly one row is new."""
    count = 2 if after else 0
    while True:
        rows = await redis_manager.get_client().lrange(_key(run_id), -count, -1)
        events = [_event(row) for row in rows]
        numbers = [event.number for event in events]
        known = after in numbers
        if known or not count or len(rows) < count:
            new = events[len(events) - numbers[::-1].index(after) :] if known else events
            return list({event.number: event for event in new}.values())
        count *= 8


async def _last_event(run_id: str) -> Event | None:
    row = await redis_manager.get_client().lindex(_key(run_id), -1)
    return _event(row) if row else None


async def _with_failure(run_id: str, event: Event) -> Event:
    """Return an event; an error with its own message, which Aegra hides."""
    if event.name != "error":
        return event
    return event._replace(data=await failure_of(run_id) or event.data)


def _event(row: str) -> Event:
    whole = json.loads(row)
    return Event(extract_event_sequence(whole["event_id"]), *whole["payload"])


def _key(run_id: str) -> str:
    return f"{_PREFIX}cache:{run_id}"
