"""What the agent remembers about a user, read from the server's store as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph_sdk.client import LangGraphClient

from course_helpers.core.markup import clean, table

PAGE = 1000  # documents per request; 10,000 in one would be 2.7 MB
LIMIT = 10_000  # documents of each kind that are read


@dataclass(frozen=True)
class Memories:
    """The three kinds of memory of one user in one category of to-dos.

    Attributes:
        user_id: whose memories.
        todos: the to-do documents, by deadline.
        profile: the profile document, or an empty dict.
        rules: the user's instructions, one text each.
        truncated: whether the store holds more than `LIMIT` documents of a kind, of which only
            the first were read.
    """

    user_id: str
    todos: Sequence[dict[str, Any]] = ()
    profile: dict[str, Any] = field(default_factory=dict)
    rules: Sequence[str] = ()
    truncated: bool = False

    def tables(self) -> dict[str, list[dict[str, str]]]:
        """Return the memories as tables of text: title -> rows of column -> cell."""
        profile = [{"Fact": k, "Value": _text(v)} for k, v in self.profile.items() if v]
        return {
            "To-dos": [
                {
                    "Task": _text(todo.get("task")),
                    "Deadline": _text(todo.get("deadline")).replace("T", " ")[:16],
                    "Status": _text(todo.get("status")),
                }
                for todo in self.todos
            ],
            "Profile": profile,
            "Instructions": [{"Rule": _text(rule)} for rule in self.rules],
        }

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(rows)} {title}" for title, rows in self.tables().items())
        return f"Memories of {clean(self.user_id)}: {counts}{_MORE if self.truncated else ''}"

    def _repr_html_(self) -> str:
        shown = "".join(table(title, rows) for title, rows in self.tables().items())
        return f"{shown}<p>The first {LIMIT:,}{_MORE}.</p>" if self.truncated else shown


_MORE = " of a kind; the store holds more"


async def read_memories(
    client: LangGraphClient, user_id: str, category: str = "general"
) -> Memories:
    """Read what `task_maistro` has stored for a user: all of it, up to `LIMIT` of a kind.

    Args:
        client: of a deployment, for instance `server.client`.
        user_id: the user's id, as it was passed in the runs' context.
        category: the `todo_category` of those runs.
    """
    read = [
        await _documents(client, namespace(kind, user_id, category))
        for kind in ("todo", "profile", "instructions")
    ]
    todos, profile, instructions = (documents for documents, _ in read)
    todos.sort(key=lambda todo: (str(todo.get("deadline") or "9999"), str(todo.get("task"))))
    return Memories(
        user_id=user_id,
        todos=todos,
        profile=next(iter(profile), {}),
        rules=[rule for document in instructions for rule in document.get("rules", [])],
        truncated=any(more for _, more in read),
    )


def namespace(kind: str, user_id: str, category: str = "general") -> list[str]:
    """Return where `deployment/task_maistro.py` keeps a kind of memory.

    Labels may not hold a period, as e-mail addresses do, so that it is percent-encoded.
    """
    labels = (category, user_id)
    return [kind, *(label.replace("%", "%25").replace(".", "%2E") for label in labels)]


async def _documents(
    client: LangGraphClient, where: list[str]
) -> tuple[list[dict[str, Any]], bool]:
    """Return a namespace's first `LIMIT` documents, and whether the store holds more."""
    found: list[dict[str, Any]] = []
    read = 0
    while read <= LIMIT:
        page = await client.store.search_items(where, limit=PAGE, offset=read)
        items = page["items"]
        if not items:  # a short page may not be the last: a server may have a limit of its own
            return found, False
        # A search matches longer namespaces too.
        found += [item["value"] for item in items if list(item["namespace"]) == where]
        read += len(items)
    return found[:LIMIT], True


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
