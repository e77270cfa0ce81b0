"""Threads as plain data: a list of them, and one with its conversation and checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError as SdkNotFoundError
from langgraph_sdk.errors import UnprocessableEntityError

from course_helpers.core.errors import NotFoundError
from course_helpers.server.checkpoints import Checkpoint, joined, read_page
from course_helpers.server.messages import Message, conversation_of, messages_of, text_of

# What a search sends of each thread's state: the first messages instead of all of them.
_OPENING = {
    f"{part}{n}": f"values.messages[{n}].{part}" for n in range(3) for part in ("type", "content")
}

# The server sends the whole state with each checkpoint: measured, 2.7 MB and 0.1 to 0.2 s for 10
# of 1,000 messages. These are the messages in all that are read with the first page and each later.
FIRST_MESSAGES, LATER_MESSAGES = 5_000, 20_000
FEW = 5  # the fewest checkpoints on a page
MANY = 100  # the most


@dataclass(frozen=True)
class ThreadSummary:
    """A thread in a list of threads.

    Attributes:
        thread_id: its id.
        status: `idle`, `busy`, `interrupted` or `error`.
        updated_at: ISO time of its last change, by the server's clock.
        opening: its first human message; empty if there is none.
    """

    thread_id: str
    status: str
    updated_at: str
    opening: str


@dataclass(frozen=True)
class ThreadView:
    """A thread as it was when it was read.

    Attributes:
        thread_id: its id.
        status: `idle`, `busy`, `interrupted` or `error`.
        messages: the whole conversation.
        checkpoints: newest first.
        updated_at: ISO time of its last change, by the server's clock.
        more: whether it has older checkpoints, which were not read.
    """

    thread_id: str
    status: str
    messages: Sequence[Message]
    checkpoints: Sequence[Checkpoint]
    updated_at: str
    more: bool = False

    @property
    def waiting(self) -> bool:
        """Whether it stopped before nodes that a person is to approve, edit or answer."""
        head = self.checkpoints[0] if self.checkpoints else None
        at_rest = self.status in ("idle", "interrupted")
        return at_rest and head is not None and bool(head.next) and not head.failed

    def after(self, before: ThreadView | None) -> ThreadView:
        """Return this view with the older checkpoints of an earlier view of the thread."""
        known = before.checkpoints if before and before.thread_id == self.thread_id else ()
        ids = [checkpoint.id for checkpoint in known]
        last = self.checkpoints[-1].id if self.checkpoints else ""
        if before is None or last not in ids:
            return self
        older = known[ids.index(last) + 1 :]
        return replace(self, checkpoints=joined(self.checkpoints, older), more=before.more)

    @property
    def summary(self) -> ThreadSummary:
        """This thread as an entry of a list."""
        opening = next((m.text for m in self.messages if m.role == "human"), "")
        return ThreadSummary(self.thread_id, self.status, self.updated_at, opening)

    def __repr__(self) -> str:
        return (
            f"Thread {self.status}: {len(self.messages)} messages, "
            f"{len(self.checkpoints)} checkpoints"
        )


async def list_threads(client: LangGraphClient, limit: int = 50) -> list[ThreadSummary]:
    """Return the threads that changed last, the newest first, in one small request.

    Args:
        client: of a deployment, for instance `server.client`.
        limit: how many threads at most, 1 to 1,000.
    """
    threads = await client.threads.search(
        limit=limit,
        sort_by="updated_at",
        sort_order="desc",
        select=["thread_id", "status", "updated_at"],
        extract=_OPENING,
    )
    return [_summary(dict(thread)) for thread in threads]


async def read_thread(
    client: LangGraphClient, thread_id: str, checkpoints: int = MANY
) -> ThreadView:
    """Read a thread's status, conversation and newest checkpoints from the server.

    Args:
        client: of a deployment, for instance `server.client`.
        thread_id: the thread's UUID.
        checkpoints: how many checkpoints at most. A long conversation gets fewer, at least `FEW`,
            so that they hold about `FIRST_MESSAGES` messages in all.

    Raises:
        NotFoundError: there is no such thread.
    """
    if not thread_id:  # the SDK would ask for the list of threads
        raise no_thread(thread_id)
    try:
        thread = await client.threads.get(thread_id)
        messages = len(messages_of(thread.get("values")))
        page = await read_page(client, thread_id, _limit(FIRST_MESSAGES, messages, checkpoints))
    except (SdkNotFoundError, UnprocessableEntityError):  # unknown, or not a UUID at all
        raise no_thread(thread_id) from None
    return ThreadView(
        thread_id=thread_id,
        status=thread["status"],
        messages=conversation_of(messages_of(page.values)),
        checkpoints=page.checkpoints,
        updated_at=str(thread["updated_at"]),
        more=page.more,
    )


async def read_older(client: LangGraphClient, view: ThreadView) -> ThreadView:
    """Return a thread with one page more of its older checkpoints; the rest is as it was.

    Args:
        client: of a deployment, for instance `server.client`.
        view: what was read of the thread.
    """
    if not view.checkpoints:
        return view
    last = view.checkpoints[-1]
    limit = _limit(LATER_MESSAGES, last.messages, MANY)
    page = await read_page(client, view.thread_id, limit, before=last.id)
    return replace(view, checkpoints=joined(view.checkpoints, page.checkpoints), more=page.more)


def _limit(budget: int, messages: int, most: int) -> int:
    """Return how many checkpoints, `most` at most, hold about `budget` messages in all."""
    return min(most, max(FEW, budget // (messages + 1)))


def no_thread(thread_id: str) -> NotFoundError:
    """Return the error for a thread that does not exist."""
    return NotFoundError(
        f"There is no thread {thread_id!r} on this server.",
        "make one with: thread = await client.threads.create()",
    )


def _summary(thread: dict[str, Any]) -> ThreadSummary:
    extracted = thread.get("extracted") or {}
    messages = [
        {"type": extracted.get(f"type{n}"), "content": extracted.get(f"content{n}")}
        for n in range(3)
    ]
    return ThreadSummary(
        thread_id=str(thread["thread_id"]),
        status=str(thread["status"]),
        updated_at=str(thread["updated_at"]),
        opening=next((text_of(m) for m in messages if m["type"] == "human"), ""),
    )
