"""Parse the prompt: the same text that an LLM would get, and nothing else.

The agent's system prompt contains the time and three memories between tags; trustcall's contains
the existing documents as Python dicts. What cannot be parsed is skipped: a model must not fail on
any text.
"""

import json
import re
from ast import literal_eval
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

Document = dict[str, Any]
MAX_CHARS = 4_000  # of a message; longer ones, such as a pasted file, are cut off
INSTANCE = re.compile(  # trustcall's two forms: of documents given as a list, or as a dict
    r'^(?:<instance id=(?P<id>.+) schema_type="(?P<kind>.+)">|<schema id=(?P<name>.+)>\n<instance>)'
    r"\n(?P<value>\{.*\})\n</instance>",
    re.M,
)


class Prompt(NamedTuple):
    """What the model knows when it answers."""

    now: datetime
    text: str  # the user's latest message
    earlier: list[BaseMessage]  # what was said before, oldest first
    profile: Document
    todos: list[Document]
    rules: list[str]
    existing: list[tuple[str, str, Document]]  # id, name of the schema, value
    reports: list[tuple[str, str]]  # (kind of memory, result) of the tools called since


def text_of(message: BaseMessage) -> str:
    """Return the text of a message, whose content may be a list of blocks."""
    content: Any = message.content
    blocks = [content] if isinstance(content, str) else content
    texts = [block.get("text") if isinstance(block, dict) else block for block in blocks]
    return "\n".join(text for text in texts if isinstance(text, str))


def read_prompt(messages: Sequence[BaseMessage]) -> Prompt:
    """Parse `messages`; the turn is the latest human message and what follows it."""
    system = "\n".join(text_of(m) for m in messages if isinstance(m, SystemMessage))
    turn = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=None)
    rules = [doc.get("rules") or [] for doc in _memory(system, "instructions")]
    found = [(m, read_dict(literal_eval, m["value"])) for m in INSTANCE.finditer(system)]
    return Prompt(
        now=_clock(system),
        text="" if turn is None else text_of(messages[turn])[:MAX_CHARS],
        earlier=[m for m in messages[:turn] if not isinstance(m, SystemMessage)][-20:],
        profile=next(iter(_memory(system, "user_profile")), {}),
        todos=[todo for todo in _memory(system, "todo_list") if isinstance(todo.get("task"), str)],
        rules=[str(rule) for each in rules for rule in each],
        existing=[(m["id"] or m["name"], m["kind"] or m["name"], doc) for m, doc in found if doc],
        reports=_reports(messages[turn:]),
    )


def asked_pace(messages: Sequence[BaseMessage]) -> float | None:
    """Return the tokens per second that the role asks for, or None.

    The role comes before the memories, whose text must not set the speed.
    """
    system = next((text_of(m) for m in messages if isinstance(m, SystemMessage)), "")
    asked = re.search(
        r"\b(\d{1,4}(?:\.\d)?) tokens per second\b", system.partition("<user_profile>")[0]
    )
    return float(asked[1]) if asked else None


def moment_of(todo: Document, now: datetime) -> datetime | None:
    """Return a to-do's deadline in the clock's time zone; None if it is missing or unreadable."""
    try:
        when = datetime.fromisoformat(str(todo.get("deadline")))
        return when.astimezone(now.tzinfo) if when.tzinfo else when.replace(tzinfo=now.tzinfo)
    except (ValueError, OverflowError):
        return None


def is_open(todo: Document) -> bool:
    """Return whether a to-do is still to be done."""
    return todo.get("status") not in ("done", "archived")


def _clock(system: str) -> datetime:
    stated = re.findall(r"current time is (\d{4}-\d\d-\d\dT[\d:.+-]*\d)", system)
    try:
        return datetime.fromisoformat(stated[-1])
    except (ValueError, IndexError):
        return datetime.now().replace(microsecond=0)


def _memory(system: str, tag: str) -> list[Document]:
    section = system.partition(f"<{tag}>\n")[2].partition(f"\n</{tag}>")[0]
    return [doc for line in section.splitlines() if (doc := read_dict(json.loads, line))]


def read_dict(reader: Callable[[str], Any], text: str) -> Document:
    """Return the dict that `reader` parses from a text, or an empty one."""
    try:
        value = reader(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    return value if isinstance(value, dict) else {}


def _reports(turn: Sequence[BaseMessage]) -> list[tuple[str, str]]:
    calls = [call for m in turn if isinstance(m, AIMessage) for call in m.tool_calls]
    kinds = {call["id"]: str(call["args"].get("update_type")) for call in calls}
    results = [m for m in turn if isinstance(m, ToolMessage)]
    return [(kinds.get(m.tool_call_id, ""), text_of(m)) for m in results]
