"""Assistants as plain data: listed, their versions read, and an older one made current."""

from __future__ import annotations

import pytest

from course_helpers.core.errors import NotFoundError
from course_helpers.server.assistants import list_assistants, make_current, read_versions
from tests.unit.server.assistants_backend import WORK, client_with


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
