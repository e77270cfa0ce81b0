"""What a reader of lesson 01 types, lifted out of the notebook, and tested."""

from __future__ import annotations

import ast
import sys
from types import ModuleType
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import END
from langgraph.store.memory import InMemoryStore

from course_helpers.checks import same_definitions
from course_helpers.checks.definitions import TASK_MAISTRO, definitions
from tests.notebooks.lessons import NOTEBOOKS, code_cells, read

CELLS = [cell.source for cell in code_cells(read(NOTEBOOKS / "01_build_task_maistro.ipynb"))]


@pytest.fixture(scope="module")
def typed() -> ModuleType:
    """Return a module made of the notebook's imports and of its definitions that ship."""
    shipped = definitions(TASK_MAISTRO.read_text())
    module = ModuleType("typed_in_lesson_01")
    sys.modules[module.__name__] = module  # where pydantic looks up the annotations' names
    for cell in CELLS:
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        for statement in compile(cell, "<cell>", "exec", flags).body:  # type: ignore[attr-defined]
            imports = isinstance(statement, ast.Import | ast.ImportFrom)
            if imports or definitions(ast.unparse(statement)).keys() & shipped.keys():
                code = f"from __future__ import annotations\n{ast.unparse(statement)}"
                exec(compile(code, "<lesson 01>", "exec"), module.__dict__)
    return module


def test_what_is_typed_is_what_ships() -> None:
    result = same_definitions(CELLS)
    assert result.passed, result


def test_a_difference_is_named() -> None:
    changed = [cell.replace("return merged", "return theirs") for cell in CELLS]
    assert same_definitions(changed).message == "These differ from task_maistro.py: merge."
    without = [cell for cell in CELLS if "def merge_lists" not in cell]
    assert "Not defined here: merge_lists" in same_definitions(without).message


def test_the_router(typed: ModuleType) -> None:
    def route(*kinds: str) -> Any:
        calls = [{"name": "UpdateMemory", "args": {"update_type": k}, "id": k} for k in kinds]
        return typed.route_message({"messages": [AIMessage("", tool_calls=calls)]})

    assert route() == END
    assert route("todo") == ["update_todos"]
    assert route("todo", "user", "todo") == ["update_profile", "update_todos"]


def test_keys_follow_from_the_tool_call(typed: ModuleType) -> None:
    todo, user = typed.MEMORIES["todo"], typed.MEMORIES["user"]
    assert typed.document_key(todo, "call", 0) == typed.document_key(todo, "call", 0)
    assert typed.document_key(todo, "call", 0) != typed.document_key(todo, "call", 1)
    assert typed.document_key(user, "call", 0) == typed.document_key(user, "other", 1)


def test_rival_versions_are_merged(typed: ModuleType) -> None:
    base = {"a": 1, "b": ["x", "y"]}
    assert typed.merge(base, {"a": 2, "b": ["x"]}, {"a": 1, "b": ["x", "y", "z"]}) == {
        "a": 2,
        "b": ["x", "z"],
    }


async def test_the_agent_that_was_typed_works(typed: ModuleType) -> None:
    store = InMemoryStore()
    agent = typed.builder.compile(store=store)
    message = {"messages": [("user", "I have to call the plumber by Friday.")]}
    state = await agent.ainvoke(message, context={"user_id": "reader"})
    assert state["messages"][-1].content
    assert len(store.search(("todo", "general", "reader"))) == 1
