"""Answers of several assistants side by side, and how they are asked."""

from __future__ import annotations

from typing import Any

import pytest

from course_helpers.core.errors import NotFoundError
from course_helpers.lessons.assistant_answers import Answer, SideBySide, ask_assistants
from tests.unit.server.assistants_backend import WORK, Assistants
from tests.unit.widgets.widget_backend import ATTACK, Markup


def answer(name: str, thread: str, **facts: Any) -> Answer:
    given = {"text": "I added it.", "status": "success", "category": "work", "todos": []} | facts
    return Answer(assistant=name, thread_id=thread, tokens=(1234, 5), **given)


def test_answers_are_compared_fact_by_fact() -> None:
    todo = {"task": "Send the invoice"}
    both = SideBySide("Remind me.", [answer("A", "t1", todos=[todo, todo]), answer("B", "t2")])
    rows = {row["Fact"]: row for row in both.rows()}
    assert rows["To-dos written"] == {
        "Fact": "To-dos written",
        "A": "Send the invoice; Send the invoice",
        "B": "none",
    }
    assert rows["Tokens"]["A"] == "1,234 read, 5 written"
    assert repr(both) == "SideBySide: A success, 2 to-dos in work; B success, 0 to-dos in work"
    assert "Remind me." in both._repr_html_()


def test_assistants_of_the_same_name_are_told_apart() -> None:
    both = SideBySide("Hello", [answer("A", "t1"), answer("A", "t2"), answer("B", "t3")])
    assert list(both.rows()[0]) == ["Fact", "A (1)", "A (2)", "B"]
    assert repr(SideBySide("Hello", [])) == "SideBySide: nobody was asked"
    assert "nothing yet" in SideBySide("Hello", [])._repr_html_()


def test_hostile_answers_are_only_text() -> None:
    hostile = answer(ATTACK, "t1", text=ATTACK, category=ATTACK, todos=[{"task": ATTACK}])
    markup = SideBySide(ATTACK, [hostile])._repr_html_()
    assert not {"script", "img"} & set(Markup(markup).tags)
    assert markup.count("&lt;script&gt;") == 5


class Server(Assistants):
    """A server that answers every request, and writes one to-do into the assistant's category."""

    def __init__(self, ended: dict[str, Any], status: str) -> None:
        super().__init__()
        self.ended, self.status, self.asked = ended, status, []
        self.todos: list[dict[str, Any]] = [{"task": "Old"}]

    @property
    def threads(self) -> Any:
        return _Made({"thread_id": "t1"})

    @property
    def runs(self) -> Any:
        return _Runs(self)

    @property
    def store(self) -> Any:
        return self

    async def search_items(self, where: list[str], limit: int, offset: int) -> dict[str, Any]:
        items = [{"namespace": where, "value": todo} for todo in self.todos]
        return {"items": items[offset:] if where == ["todo", "work", "ann"] else []}


class _Made:
    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    async def create(self) -> dict[str, Any]:
        return self.answer


class _Runs:
    def __init__(self, server: Server) -> None:
        self.server = server

    async def create(self, thread_id: str, assistant_id: str, **given: Any) -> dict[str, Any]:
        self.server.asked.append((thread_id, assistant_id, given))
        return {"run_id": "r1"}

    async def join(self, thread_id: str, run_id: str) -> dict[str, Any]:
        self.server.todos.append({"task": "Send the invoice"})
        return self.server.ended

    async def get(self, thread_id: str, run_id: str) -> dict[str, Any]:
        return {"status": self.server.status}


async def asked(ended: dict[str, Any], status: str = "success") -> tuple[Server, Answer]:
    server: Any = Server(ended, status)
    await server.update("a1", context=WORK)
    (found,) = (await ask_assistants(server, ["a1"], "Remind me.", "ann")).answers
    return server, found


async def test_an_answer_is_read_from_the_run_and_the_store() -> None:
    usage = {"input_tokens": 10, "output_tokens": 2}
    turns = [
        {"type": "human", "content": "Remind me."},
        {"type": "ai", "content": "", "usage_metadata": usage},
        {"type": "tool", "content": "added"},
        {"type": "ai", "content": [{"type": "text", "text": "Done."}], "usage_metadata": usage},
    ]
    server, found = await asked({"messages": turns})
    assert server.asked == [
        (
            "t1",
            "a1",
            {
                "input": {"messages": [{"role": "user", "content": "Remind me."}]},
                "context": {"user_id": "ann"},
            },
        )
    ]
    assert found.todos == [{"task": "Send the invoice"}]  # not the one that was there before
    assert (found.text, found.status, found.tokens) == ("Done.", "success", (20, 4))
    assert (found.category, found.thread_id) == ("work", "t1")


async def test_a_run_that_fails_says_why() -> None:
    _, found = await asked({"__error__": {"error": "ValueError", "message": "no key"}}, "error")
    assert (found.status, found.text, found.tokens) == ("error", "ValueError: no key", (0, 0))


async def test_nobody_is_asked_when_one_is_missing() -> None:
    server: Any = Server({}, "success")
    await server.update("a1", context=WORK)
    with pytest.raises(NotFoundError, match="no assistant 'a2'"):
        await ask_assistants(server, ["a1", "a2"], "Remind me.", "ann")
    assert server.asked == []
