"""The answers of several assistants to the same request, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langgraph_sdk.client import LangGraphClient

from course_helpers.core.markup import clean, table
from course_helpers.server.assistants import read_assistant
from course_helpers.server.memories import read_memories
from course_helpers.server.messages import messages_of, text_of


@dataclass(frozen=True)
class Answer:
    """One assistant's answer to a request.

    Attributes:
        assistant: its name.
        category: its `todo_category`, under which its to-dos are stored.
        thread_id: the new thread of the run.
        status: of the run: `success`, `error` or another.
        text: its last message, or the error that ended the run.
        todos: the to-dos that the run added or changed.
        tokens: numbers of input and output tokens, from the messages of this thread.
    """

    assistant: str
    category: str
    thread_id: str
    status: str
    text: str
    todos: Sequence[dict[str, Any]]
    tokens: tuple[int, int]

    def facts(self) -> dict[str, str]:
        """Return the facts to compare, as text."""
        return {
            "Status": self.status,
            "Answer": self.text,
            "To-dos written": "; ".join(str(todo.get("task")) for todo in self.todos) or "none",
            "Category": self.category,
            "Tokens": f"{self.tokens[0]:,} read, {self.tokens[1]:,} written",
        }


@dataclass(frozen=True)
class SideBySide:
    """A request and the assistants' answers, in the order in which they were asked."""

    request: str
    answers: Sequence[Answer]

    def rows(self) -> list[dict[str, str]]:
        """Return a row for each fact with a column for each assistant."""
        facts = {self._title(answer): answer.facts() for answer in self.answers}
        names = self.answers[0].facts() if self.answers else {}
        return [{"Fact": name} | {title: facts[title][name] for title in facts} for name in names]

    def _title(self, answer: Answer) -> str:
        """Return an assistant's name, numbered if another one has the same name."""
        alike = [other for other in self.answers if other.assistant == answer.assistant]
        place = self.answers.index(answer) + 1
        return answer.assistant if len(alike) == 1 else f"{answer.assistant} ({place})"

    def __repr__(self) -> str:
        parts = [
            f"{a.assistant} {a.status}, {len(a.todos)} to-do{'' if len(a.todos) == 1 else 's'} "
            f"in {a.category}"
            for a in self.answers
        ]
        return clean(f"SideBySide: {'; '.join(parts) or 'nobody was asked'}")

    def _repr_html_(self) -> str:
        return table(self.request, self.rows(), named=True)


async def ask_assistants(
    client: LangGraphClient, assistant_ids: Sequence[str], text: str, user_id: str
) -> SideBySide:
    """Send the same request to each assistant in turn, each in a new thread.

    Args:
        client: of a deployment, for instance `server.client`.
        assistant_ids: the assistants' UUIDs.
        text: the request.
        user_id: who asks.

    Raises:
        NotFoundError: one of the assistants does not exist; then none was asked.
    """
    assistants = [await read_assistant(client, assistant_id) for assistant_id in assistant_ids]
    return SideBySide(text, [await _ask(client, one, text, user_id) for one in assistants])


async def _ask(
    client: LangGraphClient, assistant: dict[str, Any], text: str, user_id: str
) -> Answer:
    category = str((assistant.get("context") or {}).get("todo_category", "general"))
    before = await read_memories(client, user_id, category)
    thread_id = (await client.threads.create())["thread_id"]
    request: Any = {"messages": [{"role": "user", "content": text}]}
    run = await client.runs.create(
        thread_id,
        assistant["assistant_id"],
        input=request,
        context={"user_id": user_id},
    )
    values: Any = await client.runs.join(thread_id, run["run_id"])
    status = (await client.runs.get(thread_id, run["run_id"]))["status"]
    messages = messages_of(values)
    after = await read_memories(client, user_id, category)
    return Answer(
        assistant=str(assistant["name"]),
        category=category,
        thread_id=thread_id,
        status=str(status),
        text=_last_reply(values),
        todos=[todo for todo in after.todos if todo not in before.todos],
        tokens=(_tokens(messages, "input_tokens"), _tokens(messages, "output_tokens")),
    )


def _last_reply(values: Any) -> str:
    """Return the text of the last AI message, or the error of a failed run."""
    if error := isinstance(values, dict) and values.get("__error__"):
        return f"{error.get('error')}: {error.get('message')}"
    replies = [m for m in messages_of(values) if m.get("type") == "ai"]
    return text_of(replies[-1]) if replies else ""


def _tokens(messages: Sequence[dict[str, Any]], kind: str) -> int:
    return sum((message.get("usage_metadata") or {}).get(kind, 0) for message in messages)
