"""What changes a thread: send, fork, approve, edit, copy and delete.

A run is started in the background with a stream that can be joined again and again, as
`thread_stream.run_events` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError, ConflictError, UnprocessableEntityError
from langgraph_sdk.errors import NotFoundError as SdkNotFoundError

from course_helpers.core.errors import CourseError, NotFoundError, ServerError
from course_helpers.core.settings import GRAPH
from course_helpers.server.messages import messages_of
from course_helpers.server.thread_stream import MODES
from course_helpers.server.threads import no_thread

Context = Mapping[str, Any] | None  # of a run; None: the server's defaults


class Started(NamedTuple):
    """A run that was started; its id is empty where nothing had to run."""

    thread_id: str
    run_id: str = ""


async def send(
    client: LangGraphClient, thread_id: str, text: str, context: Context = None
) -> Started:
    """Start a run with a message, in a new thread if none is given.

    Raises:
        NotFoundError: there is no such thread.
        CourseError: there is no text, or the server refuses.
    """
    said = {"messages": [human(text)]}
    with explained(thread_id or GRAPH):
        if not thread_id:
            thread_id = (await client.threads.create(graph_id=GRAPH))["thread_id"]
        return await _run(client, thread_id, context, input=said)


async def fork(
    client: LangGraphClient, thread_id: str, checkpoint_id: str, text: str, context: Context = None
) -> Started:
    """Go back to a checkpoint and go on from there with another human message.

    The last human message of that checkpoint is replaced, and the nodes that came next run again.
    Where nothing came next, or nothing was said yet, the text is a new message from there on. The
    thread shows the new branch; the old one stays in its history
    (https://docs.langchain.com/oss/python/langgraph/use-time-travel).

    Raises:
        NotFoundError: there is no such thread or checkpoint.
        CourseError: there is no text, or the server refuses.
    """
    message = human(text)
    with explained(thread_id):
        state = await _state(client, thread_id, checkpoint_id)
        old = _last_human(state)
        if old is None or not state["next"] or list(state["next"]) == ["__start__"]:
            said = {"messages": [message]}
            return await _run(client, thread_id, context, input=said, checkpoint_id=checkpoint_id)
        await _replace(client, thread_id, state, {**message, "id": old}, checkpoint_id)
        return await _run(client, thread_id, context)


async def approve(client: LangGraphClient, thread_id: str, context: Context = None) -> Started:
    """Run the nodes that a thread stopped before, or answer their questions with `True`.

    Raises:
        NotFoundError: there is no such thread.
        CourseError: the thread waits for nothing, or the server refuses.
    """
    with explained(thread_id):
        state = await _waiting(client, thread_id)
        if state.get("interrupts"):
            return await _answer(client, thread_id, state, True, context)
        return await _run(client, thread_id, context)


async def edit(
    client: LangGraphClient, thread_id: str, text: str, context: Context = None
) -> Started:
    """Replace the last human message's text and go on, or answer the nodes' questions with a text.

    Raises:
        NotFoundError: there is no such thread.
        CourseError: there is no text, the thread waits for nothing, or the server refuses.
    """
    message = human(text)
    with explained(thread_id):
        state = await _waiting(client, thread_id)
        if state.get("interrupts"):
            return await _answer(client, thread_id, state, message["content"], context)
        old = _last_human(state)
        if old is None:
            raise CourseError("There is no human message to edit.", "press Approve instead")
        await _replace(client, thread_id, state, {**message, "id": old})
        return await _run(client, thread_id, context)


async def copy(client: LangGraphClient, thread_id: str) -> Started:
    """Copy a thread with its history, and return the copy.

    Raises:
        NotFoundError: there is no such thread.
        CourseError: the server refuses.
    """
    with explained(thread_id):
        await client.threads.get(thread_id)  # `langgraph dev` calls a missing thread a conflict
        made: Any = await client.threads.copy(thread_id)  # type: ignore[func-returns-value]
        return Started(made["thread_id"])


async def delete(client: LangGraphClient, thread_id: str) -> Started:
    """Delete a thread with its history and its runs; what the store remembers stays.

    Raises:
        NotFoundError: there is no such thread.
        CourseError: the server refuses.
    """
    with explained(thread_id):
        await client.threads.delete(thread_id)
        return Started("")


def human(text: str) -> dict[str, Any]:
    """Return a message of the user.

    Raises:
        CourseError: there is no text.
    """
    if not text.strip():
        raise CourseError("There is no text yet.", "type a message, then press the button again")
    return {"role": "user", "content": text.strip()}


@contextmanager
def explained(thread_id: str) -> Iterator[None]:
    """Raise what the server refuses in the block as a `CourseError`."""
    if not thread_id:  # the SDK would ask for all threads
        raise CourseError("No thread is chosen.", "choose one, or send a message, which begins one")
    try:
        yield
    except (SdkNotFoundError, UnprocessableEntityError):
        raise no_thread(thread_id) from None
    except ConflictError:
        raise CourseError(
            "The server changes nothing while a run of this thread is under way.",
            "wait until it has ended, then press the button again",
        ) from None
    except APIStatusError as error:
        raise CourseError(
            f"The server refuses this with {error.status_code}: {error.message}.",
            "press Refresh, then try again",
        ) from None
    except httpx.HTTPError as error:
        raise ServerError(
            f"The server did not answer: {type(error).__name__}.", "press Refresh, then try again"
        ) from None


async def _run(client: LangGraphClient, thread_id: str, context: Context, **what: Any) -> Started:
    thread = await client.threads.get(thread_id)
    run = await client.runs.create(
        thread_id,
        str((thread.get("metadata") or {}).get("graph_id") or GRAPH),
        context=context,
        stream_mode=MODES,
        stream_resumable=True,
        **what,
    )
    return Started(thread_id, run["run_id"])


async def _answer(
    client: LangGraphClient, thread_id: str, state: Mapping[str, Any], answer: Any, context: Context
) -> Started:
    """Resume what `interrupt()` stopped; several questions at once all get the same answer."""
    ids = [interrupt["id"] for interrupt in state["interrupts"]]
    resume = answer if len(ids) == 1 else dict.fromkeys(ids, answer)
    return await _run(client, thread_id, context, command={"resume": resume})


async def _waiting(client: LangGraphClient, thread_id: str) -> Mapping[str, Any]:
    """Return a thread's newest state; raise unless the thread waits."""
    state: Any = await client.threads.get_state(thread_id)
    if not state.get("next"):
        raise CourseError("This thread waits for nothing.", "send it a message instead")
    return dict(state)


async def _state(client: LangGraphClient, thread_id: str, checkpoint_id: str) -> Mapping[str, Any]:
    state: Any = await client.threads.get_state(thread_id, checkpoint_id=checkpoint_id)
    if not state.get("created_at"):  # a checkpoint that is not there has an empty state
        raise NotFoundError(
            f"The thread has no checkpoint {checkpoint_id!r}.", "choose one of those that are shown"
        )
    return dict(state)


async def _replace(
    client: LangGraphClient,
    thread_id: str,
    state: Mapping[str, Any],
    message: Mapping[str, Any],
    checkpoint_id: str | None = None,
) -> None:
    """Replace the message that has the same id, so that the same nodes come next."""
    await client.threads.update_state(
        thread_id,
        {"messages": [message]},
        as_node=await _made_by(client, thread_id, state),
        checkpoint_id=checkpoint_id,
    )


async def _made_by(client: LangGraphClient, thread_id: str, state: Mapping[str, Any]) -> str | None:
    """Return a node whose step made a state. The server cannot tell if there were several."""
    parent = state.get("parent_checkpoint")
    if not parent or (state.get("metadata") or {}).get("source") != "loop":
        return None
    before = await client.threads.get_state(thread_id, checkpoint_id=parent["checkpoint_id"])
    return next(iter(before["next"]), None)


def _last_human(state: Mapping[str, Any]) -> str | None:
    """Return the id of the last human message."""
    messages = reversed(messages_of(state.get("values")))
    return next((str(m["id"]) for m in messages if m.get("type") == "human"), None)
