"""Reading the prompt: the same text that an LLM would get, and nothing else.

The agent's system prompt holds the clock and three memories between tags; trustcall's holds the
existing documents as Python dicts. What cannot be read is skipped: a model must not fail on the
text it is given.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

MAX_CHARS = 5_000  # of a message; what a person types is shorter, a pasted file is not for us


class Document(NamedTuple):
    """An existing document: its id, the name of its schema, its fields."""

    id: str
    kind: str
    value: dict[str, Any]


@dataclass
class Prompt:
    """What the model knows when it answers."""

    now: datetime
    text: str = ""  # the user's latest message
    earlier: list[str] = field(default_factory=list)  # what was said before, oldest first
    said: list[str] = field(default_factory=list)  # of that, the user's part
    profile: dict[str, Any] = field(default_factory=dict)
    todos: list[dict[str, Any]] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    reports: list[tuple[str, str]] = field(default_factory=list)  # (kind of memory, result)


def text_of(message: BaseMessage) -> str:
    """Return the text of a message, whose content may be a list of blocks."""
    content: Any = message.content
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    texts = [
        b if isinstance(b, str) else b.get("text") for b in blocks if isinstance(b, (str, dict))
    ]
    return "\n".join(text for text in texts if isinstance(text, str))


def read_prompt(messages: Sequence[BaseMessage]) -> Prompt:
    """Return what `messages` tell; a turn is the latest human message and what follows it."""
    system = "\n".join(text_of(m) for m in messages if isinstance(m, SystemMessage))
    humans = [i for i, m in enumerate(messages) if isinstance(m, HumanMessage)]
    turn = humans[-1] if humans else len(messages)
    before = [m for m in messages[:turn] if not isinstance(m, SystemMessage)]
    profiles = list(_json_lines(_section(system, "user_profile")))
    rules = [
        r for doc in _json_lines(_section(system, "instructions")) for r in _texts(doc.get("rules"))
    ]
    return Prompt(
        now=_clock(system),
        text=text_of(messages[turn])[:MAX_CHARS] if humans else "",
        earlier=[text_of(m)[:MAX_CHARS] for m in before][-20:],
        said=[text_of(m)[:MAX_CHARS] for m in before if isinstance(m, HumanMessage)][-20:],
        profile={key: value for doc in profiles for key, value in doc.items()},
        todos=[doc for doc in _json_lines(_section(system, "todo_list")) if task_of(doc)],
        rules=rules,
        documents=list(_documents(system)),
        reports=_reports(messages[turn:]),
    )


def task_of(todo: dict[str, Any]) -> str:
    """Return a to-do's task, or an empty text if it has none."""
    return task if isinstance(task := todo.get("task"), str) else ""


def moment_of(todo: dict[str, Any], now: datetime) -> datetime | None:
    """Return a to-do's deadline in the clock's time zone; None if it is missing or unreadable."""
    try:
        when = datetime.fromisoformat(str(todo.get("deadline")))
        if when.tzinfo and now.tzinfo:
            return when.astimezone(now.tzinfo)
        return when.replace(tzinfo=now.tzinfo)
    except (ValueError, OverflowError):
        return None


def _clock(system: str) -> datetime:
    for match in reversed(
        re.findall(r"current time is (\d{4}-\d\d-\d\d[T \d:.+-]*?)\.?(?:\s|$)", system)
    ):
        try:
            return datetime.fromisoformat(match)
        except ValueError:
            continue
    return datetime.now().replace(microsecond=0)


def _section(system: str, tag: str) -> str:
    _, _, rest = system.partition(f"<{tag}>\n")
    return rest.partition(f"\n</{tag}>")[0]


def _json_lines(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _documents(system: str) -> Iterator[Document]:
    """Trustcall lists documents one way when they came as a list, another when as a dict."""
    heads = (
        r'<instance id=(?P<id>.+) schema_type="(?P<kind>.+)">|<schema id=(?P<name>.+)>\n<instance>'
    )
    for match in re.finditer(rf"^(?:{heads})\n(?P<value>\{{.*\}})\n</instance>", system, re.M):
        try:
            value = ast.literal_eval(match["value"])
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        name = match["name"] or match["kind"]
        yield Document(match["id"] or name, name, value if isinstance(value, dict) else {})


def _reports(turn: Sequence[BaseMessage]) -> list[tuple[str, str]]:
    calls = [call for m in turn if isinstance(m, AIMessage) for call in m.tool_calls]
    kinds = {call["id"]: str(call["args"].get("update_type")) for call in calls}
    results = [m for m in turn if isinstance(m, ToolMessage)]
    return [(kinds.get(m.tool_call_id, ""), text_of(m)) for m in results]


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
