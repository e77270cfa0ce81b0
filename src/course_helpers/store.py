"""What the agent remembers about a user, read from the server's store as plain data."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph_sdk.client import LangGraphClient

PAGE = 100  # a search returns ten items unless it is told otherwise


@dataclass(frozen=True)
class Memories:
    """The three kinds of memory of one user in one category of to-dos.

    Attributes:
        user_id: whose memories.
        todos: the to-do documents, by deadline.
        profile: the profile document, or an empty dict.
        rules: the user's instructions, one text each.
    """

    user_id: str
    todos: Sequence[dict[str, Any]] = ()
    profile: dict[str, Any] = field(default_factory=dict)
    rules: Sequence[str] = ()

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
        return f"Memories of {self.user_id}: {counts}"

    def _repr_html_(self) -> str:
        return "".join(html_table(title, rows) for title, rows in self.tables().items())


async def read_memories(
    client: LangGraphClient, user_id: str, category: str = "general"
) -> Memories:
    """Read everything that `task_maistro` has stored for a user.

    Args:
        client: of a deployment, for instance `server.client`.
        user_id: the user's id, as it was passed in the runs' context.
        category: the `todo_category` of those runs.
    """
    todos = await _documents(client, namespace("todo", user_id, category))
    profile = await _documents(client, namespace("profile", user_id, category))
    instructions = await _documents(client, namespace("instructions", user_id, category))
    todos.sort(key=lambda todo: (todo.get("deadline") or "9999", str(todo.get("task"))))
    return Memories(
        user_id=user_id,
        todos=todos,
        profile=next(iter(profile), {}),
        rules=[rule for document in instructions for rule in document.get("rules", [])],
    )


def namespace(kind: str, user_id: str, category: str = "general") -> list[str]:
    """Return where `deployment/task_maistro.py` keeps a kind of memory.

    Labels may not hold a period, and many user ids are e-mail addresses: it is percent-encoded.
    """
    labels = (category, user_id)
    return [kind, *(label.replace("%", "%25").replace(".", "%2E") for label in labels)]


async def _documents(client: LangGraphClient, where: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    offset = 0
    while True:
        page = await client.store.search_items(where, limit=PAGE, offset=offset)
        items = page["items"]
        # A search matches longer namespaces too.
        found += [item["value"] for item in items if list(item["namespace"]) == where]
        offset += len(items)
        if len(items) < PAGE:
            return found


def html_table(title: str, rows: Sequence[dict[str, str]]) -> str:
    """Return an accessible table; every cell is escaped. No rows give a sentence."""
    caption = html.escape(title)
    if not rows:
        return f"<p><strong>{caption}</strong>: nothing yet</p>"
    left = ' style="text-align:left"'
    head = "".join(f'<th scope="col"{left}>{html.escape(name)}</th>' for name in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td{left}>{html.escape(cell)}</td>" for cell in row.values()) + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption{left}><strong>{caption}</strong></caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
