"""What the self-checks of lesson 04 answer, without Docker."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from course_helpers import check
from course_helpers.checks import lesson_04
from course_helpers.core.errors import ServerError
from course_helpers.core.findings import Finding, Findings
from course_helpers.core.markup import Rows
from course_helpers.stack.compose import API, POSTGRES
from course_helpers.stack.containers import Service
from tests.unit.stack.stack_backend import started

TODOS = [("todo.general.lena", "Launch"), ("todo.work.lena", "Send the report")]
OTHERS = [("todo.general.leo", "Water the plants"), ("todo.work.ada", "Launch")]


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stand in for Docker: three services, and a table of four rows."""
    there = SimpleNamespace(services=started(), rows=Rows([{"count": "4"}]))
    monkeypatch.setattr(lesson_04, "services", lambda: there.services)
    monkeypatch.setattr(lesson_04, "read_rows", lambda sql: there.rows)
    return there


def test_redis_untouched_stub(stack: SimpleNamespace) -> None:
    result = check.redis_restarted(..., ...)
    assert not result.passed
    assert "Did you put the two counts" in result.message


@pytest.mark.parametrize("counted", ["four", Rows(), Rows([{"count": "4"}] * 2), None])
def test_redis_needs_numbers(stack: SimpleNamespace, counted: Any) -> None:
    assert "Is each of them a number" in check.redis_restarted(counted, 4).message


@pytest.mark.parametrize("counted", [4, "4", Rows([{"count": "4"}])])
def test_redis_restarted(stack: SimpleNamespace, counted: Any) -> None:
    stack.services = started(redis="T04")
    assert check.redis_restarted(counted, counted).passed


@pytest.mark.parametrize(
    ("when", "question"),
    [
        ({}, "Did you restart Redis, and nothing else"),  # as after `up`
        ({"redis": "T04", "api": "T05"}, "Did you restart Redis, and nothing else"),  # both
        ({"redis": "T04", "postgres": "T05"}, "Which service was meant"),
    ],
)
def test_redis_alone(stack: SimpleNamespace, when: dict[str, str], question: str) -> None:
    stack.services = started(**when)
    result = check.redis_restarted(4, 4)
    assert not result.passed
    assert question in result.message


def test_redis_wrong_counts_and_no_stack(stack: SimpleNamespace) -> None:
    stack.services = started(redis="T04")
    assert "holds 4 rows; you counted 3 before" in check.redis_restarted(3, 4).message
    stack.services = []
    assert "Is the stack up?" in check.redis_restarted(4, 4).message


def test_redis_without_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[Service]:
        raise ServerError("Docker does not answer.", "start it")

    monkeypatch.setattr(lesson_04, "services", refuse)
    assert check.redis_restarted(4, 4).message == "Docker does not answer. start it"


class Store:
    """The part of a client that the checks use."""

    def __init__(self, *todos: tuple[str, str]) -> None:
        self.todos = todos

    @property
    def store(self) -> Store:
        return self

    async def search_items(self, prefix: list[str], limit: int) -> dict[str, Any]:
        assert prefix == ["todo"]
        items = [{"namespace": p.split("."), "value": {"task": t}} for p, t in self.todos[:limit]]
        return {"items": items}


async def by_sql(stack: SimpleNamespace, sql: Any, *found: str) -> str:
    stack.rows = Rows({"prefix": "todo", "task": task} for task in found)
    server: Any = SimpleNamespace(client=Store(*TODOS, *OTHERS))
    return str(await check.todos_by_sql(server, sql, "lena"))


@pytest.mark.parametrize("sql", [..., "", "  ", 3])
async def test_sql_untouched_stub(stack: SimpleNamespace, sql: Any) -> None:
    assert "Did you put your statement" in await by_sql(stack, sql)


async def test_sql_reads_only(stack: SimpleNamespace) -> None:
    assert "only reads" in await by_sql(stack, "delete from store", "Launch", "Send the report")


async def test_sql_finds_all(stack: SimpleNamespace) -> None:
    answer = await by_sql(stack, "SELECT …", "Launch", "Send the report")
    assert answer.startswith("Solved: 2 rows")


@pytest.mark.parametrize(
    ("found", "question"),
    [
        ([], "It finds nothing"),
        (["Launch"], "It finds 1 of lena's 2 to-dos"),
        (["Launch", "Launch", "Send the report"], "It finds 3 of lena's 2 to-dos"),
        (["Launch", "Send the report", "Water the plants"], "1 of 3 rows show no to-do of lena's"),
        (["2026-03-06"], "is the task not among the columns"),
    ],
)
async def test_sql_finds_too_little_or_too_much(
    stack: SimpleNamespace, found: list[str], question: str
) -> None:
    assert question in await by_sql(stack, "select …", *found)


async def test_sql_that_postgres_refuses(
    monkeypatch: pytest.MonkeyPatch, stack: SimpleNamespace
) -> None:
    def refuse(sql: str) -> Rows:
        raise ServerError("ERROR: relation does not exist", "look")

    monkeypatch.setattr(lesson_04, "read_rows", refuse)
    assert "relation does not exist" in await by_sql(stack, "select 1 from nothing")


async def test_sql_before_the_lessons_todos(stack: SimpleNamespace) -> None:
    server: Any = SimpleNamespace(client=Store(*OTHERS))
    result = await check.todos_by_sql(server, "select 1", "lena")
    assert "Did you run the cell above?" in result.message


@pytest.mark.parametrize(
    ("failed", "missing", "todos", "answer"),
    [
        ("Postgres refuses the password", None, [], "Who could give Postgres another one?"),
        ("", None, [], "Did you start it with practice.up()?"),
        ("", [], [], "Did you delete its volume?"),
        ("", [], [("todo.general.lena", "Thank the team")], "Solved"),
    ],
)
async def test_data_kept(
    practice_stack: Any,
    monkeypatch: pytest.MonkeyPatch,
    failed: str,
    missing: list[str] | None,
    todos: list[tuple[str, str]],
    answer: str,
) -> None:
    def findings() -> Findings:
        assert os.environ["COMPOSE_PROJECT_NAME"] == "course-practice"
        return Findings([Finding(POSTGRES, True, "healthy"), Finding(API, not failed, failed)])

    @asynccontextmanager
    async def get_client(url: str) -> Any:
        assert url == practice_stack.url
        yield Store(*todos)

    monkeypatch.setattr(lesson_04, "stack_findings", findings)
    monkeypatch.setattr(lesson_04, "missing_graphs", lambda url, graphs: missing)
    monkeypatch.setattr(lesson_04, "get_client", get_client)
    assert answer in str(await check.data_kept(practice_stack, "Thank the team"))
