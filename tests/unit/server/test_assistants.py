"""Assistants as plain data: versions and answers side by side, and an older version current."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest
from langgraph_sdk.errors import NotFoundError as SdkNotFoundError

from course_helpers.core.errors import NotFoundError
from course_helpers.lessons.assistant_answers import Answer, SideBySide, ask_assistants
from course_helpers.server.assistant_versions import (
    SHOWN,
    AssistantVersion,
    AssistantVersions,
    version_of,
)
from course_helpers.server.assistants import list_assistants, make_current, read_versions
from tests.unit.widgets.widget_backend import ATTACK, Markup

WORK = {"todo_category": "work", "task_maistro_role": "Strict."}


def _gone() -> SdkNotFoundError:
    request = httpx.Request("GET", "http://127.0.0.1:9/assistants")
    return SdkNotFoundError("no", response=httpx.Response(404, request=request), body=None)


class Assistants:
    """The part of a client that deals with assistants: one of them, as a server keeps it."""

    def __init__(self, keeps_context: bool = False) -> None:
        self.keeps_context = keeps_context  # as `langgraph dev` does in `set_latest`
        self.versions: list[dict[str, Any]] = []
        self.now: dict[str, Any] = {
            **{"assistant_id": "a1", "name": "Work", "graph_id": "task_maistro", "version": 0},
            **{"description": None, "config": {}, "context": {}, "metadata": {"team": "sales"}},
        }

    @property
    def assistants(self) -> Assistants:
        return self

    async def get(self, assistant_id: str) -> dict[str, Any]:
        if assistant_id != "a1":
            raise _gone()
        return self.now

    async def get_versions(self, assistant_id: str, limit: int) -> list[dict[str, Any]]:
        await self.get(assistant_id)
        return list(reversed(self.versions))[:limit]

    async def update(self, assistant_id: str, **fields: Any) -> dict[str, Any]:
        config = dict(fields.pop("config", None) or {})
        if fields.get("context"):
            fields["config"] = {**config, "configurable": fields["context"]}
        self.now = {**self.now, **fields, "version": len(self.versions) + 1}
        self.versions.append(copy.deepcopy(self.now))
        return self.now

    async def set_latest(self, assistant_id: str, version: int) -> dict[str, Any]:
        context = self.now["context"]
        self.now = copy.deepcopy(self.versions[version - 1])
        if self.keeps_context:
            self.now["context"] = context
        return self.now

    async def search(self, limit: int) -> list[dict[str, Any]]:
        return [self.now][:limit]


async def client_with(*contexts: dict[str, Any], keeps_context: bool = False) -> Any:
    client = Assistants(keeps_context)
    for context in contexts:
        await client.update("a1", context=context, config={"recursion_limit": 50})
    return client


# --- Versions ---------------------------------------------------------------------------------


async def test_versions_are_read_the_oldest_first() -> None:
    client = await client_with(WORK, {"task_maistro_role": "Kind."})
    versions = await read_versions(client, "a1")
    assert [version.number for version in versions.versions] == [1, 2]
    assert repr(versions) == "Work: 2 versions, 2 is current"
    assert versions.versions[0].fields == {
        "name": "Work",
        "graph_id": "task_maistro",
        "context.task_maistro_role": "Strict.",
        "context.todo_category": "work",
        "config.recursion_limit": "50",
        "metadata.team": "sales",
    }


async def test_what_changed_is_marked_by_a_word() -> None:
    role = {"task_maistro_role": "Kind."}
    client = await client_with(WORK, role, {**role, "user_id": "ann"})
    rows = {row["Field"]: row for row in (await read_versions(client, "a1")).rows()}
    one, two, three = "Version 1", "Version 2", "Version 3 (current)"
    assert rows["context.todo_category"] == {
        **{"Field": "context.todo_category", one: "work", two: "left out", three: ""}
    }
    assert rows["context.task_maistro_role"][two] == "changed: Kind."
    assert rows["context.task_maistro_role"][three] == "Kind."
    assert rows["context.user_id"][three] == "new: ann"
    assert rows["name"][two] == "Work"
    assert list(rows)[:2] == ["name", "graph_id"]
    assert list(rows)[-1] == "metadata.team"


async def test_a_copy_of_an_older_version_says_so() -> None:
    client = await client_with(WORK, {"todo_category": "wrok"}, WORK)
    titles = list((await read_versions(client, "a1")).rows()[0])
    assert titles == ["Field", "Version 1", "Version 2", "Version 3, as version 1 (current)"]


def test_only_the_newest_are_shown_and_the_current_one() -> None:
    many = [AssistantVersion(n, {"name": f"{n}"}) for n in range(1, 31)]
    versions = AssistantVersions("Work", 2, many)
    assert [v.number for v in versions.shown()] == [2, *range(31 - SHOWN, 31)]
    assert "without 24 older ones" in versions._repr_html_()
    assert repr(versions) == "Work: 30 versions, 2 is current"
    newest = AssistantVersions("Work", 30, many)
    assert [v.number for v in newest.shown()] == list(range(31 - SHOWN, 31))


def test_values_that_are_no_text_and_missing_parts() -> None:
    version = version_of({"version": 1, "context": None, "metadata": {"n": [1, "ä"], "none": None}})
    assert version.fields == {"metadata.n": '[1, "ä"]', "metadata.none": "null"}


def test_hostile_versions_are_only_text() -> None:
    fields = {"name": ATTACK, f"context.{ATTACK}": ATTACK}
    versions = AssistantVersions(ATTACK, 1, [AssistantVersion(1, fields)])
    markup = versions._repr_html_()
    assert not {"script", "img"} & set(Markup(markup).tags)
    assert markup.count("&lt;script&gt;") == 4
    assert repr(AssistantVersions("\x1b[31mred", 1, [])) == "red: 0 versions, 1 is current"


# --- An older version current -----------------------------------------------------------------


async def test_an_older_version_is_made_current() -> None:
    client = await client_with(WORK, {"todo_category": "wrok"})
    assert await make_current(client, "a1", 1) == 1
    assert client.now["context"] == WORK
    assert len(client.versions) == 2


async def test_where_the_server_leaves_the_context_out_it_is_set() -> None:
    client = await client_with(WORK, {"todo_category": "wrok"}, keeps_context=True)
    assert await make_current(client, "a1", 1) == 3
    assert client.now["context"] == WORK
    assert client.now["config"] == {"recursion_limit": 50, "configurable": WORK}
    versions = await read_versions(client, "a1")
    assert versions.versions[2].fields == versions.versions[0].fields


async def test_what_is_not_there() -> None:
    client = await client_with(WORK)
    with pytest.raises(NotFoundError, match="no version 7") as error:
        await make_current(client, "a1", 7)
    assert error.value.fix == "choose one of 1"
    with pytest.raises(NotFoundError, match="no assistant 'a2'"):
        await read_versions(client, "a2")
    with pytest.raises(NotFoundError, match="No assistant is chosen"):
        await read_versions(client, "")


async def test_assistants_are_listed() -> None:
    (found,) = await list_assistants(await client_with(WORK, WORK))
    assert (found.assistant_id, found.name, found.version) == ("a1", "Work", 2)


# --- Side by side -----------------------------------------------------------------------------


def answer(name: str, thread: str, **facts: Any) -> Answer:
    given = {"text": "I added it.", "status": "success", "category": "work", "todos": []} | facts
    return Answer(assistant=name, assistant_id="a1", thread_id=thread, tokens=(1234, 5), **given)


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
