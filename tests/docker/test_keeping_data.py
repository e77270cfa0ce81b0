"""Lesson 08's helpers on real databases: contents compared, checkpoints measured and killed."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph_sdk import get_client

from course_helpers import PracticeDatabase, kill_and_resume, read_contents, read_logs
from course_helpers.practice.cleanup import left
from course_helpers.stack.postgres import read_rows
from tests.docker.helpers import say
from tests.docker.project import PROJECT
from tests.unit.lessons.checkpointed_run import bytes_a_step


async def test_contents_change_with_a_letter_and_with_nothing_else(running: str) -> None:
    client = get_client(url=running)
    await say(client, "Remind me to water the plants.")
    await client.store.put_item(["notes", "ada"], "a", {"text": "one"})
    before = read_contents()
    assert read_contents() == before
    await client.store.put_item(["notes", "ada"], "a", {"text": "two"})
    after = read_contents()
    assert {name for name in before if before[name] != after[name]} == {"store"}
    assert after["store"].rows == before["store"].rows


async def test_a_time_to_live_is_not_applied_without_a_default(running: str) -> None:
    """With a default it is: lesson 08 sees a thread go."""
    client = get_client(url=running)
    thread = await client.threads.create(ttl={"ttl": 0.0001, "strategy": "delete"})
    assert read_rows("select expires_at < now() as over from thread_ttl") == [{"over": "t"}]
    await say(client, "Thank you!")
    assert read_logs("langgraph-api", contains="Worker executor started", last=1000)
    assert not read_logs("langgraph-api", contains="TTL sweeper started", last=1000)
    assert (await client.threads.get(thread["thread_id"]))["status"] == "idle"


@pytest.fixture(scope="module")
def database(made_images: None) -> Iterator[PracticeDatabase]:
    database = PracticeDatabase()
    yield database
    database.remove()
    assert left(f"{PROJECT}-database") == []


def test_postgres_keeps_what_has_changed_as_memory_does(database: PracticeDatabase) -> None:
    with PostgresSaver.from_conn_string(database.uri) as saver:
        saver.setup()
        postgres = bytes_a_step(saver)
    pairs = zip(postgres, bytes_a_step(InMemorySaver()), strict=True)
    assert all(abs(here - there) < 1000 for here, there in pairs)


def test_postgres_survives_the_process(database: PracticeDatabase) -> None:
    for _ in range(2):  # also where it was tried before
        survived = kill_and_resume({"Postgres": database.uri})["Postgres"]
        assert (survived.found, survived.begun) == ([1, 2, 3], [4, 5])


def test_a_practice_database_wants_its_password(database: PracticeDatabase) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database.uri, password="wrong", connect_timeout=5)
