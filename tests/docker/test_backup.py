"""Backups, for real: made while runs go on, restored into nothing, and refused."""

from __future__ import annotations

import asyncio
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from course_helpers.backup import commands
from course_helpers.backup.manifest import Manifest
from course_helpers.backup.preflight import user_data
from course_helpers.core.errors import BuildError, CourseError
from course_helpers.core.settings import load_settings
from course_helpers.stack import compose, lifecycle
from course_helpers.stack.containers import find_services
from course_helpers.stack.postgres import database
from tests.docker.backups import Saved, contents_of, databases
from tests.docker.project import PROJECT
from tests.docker.replicas import NAMES, connected, done


async def goes_on(saved: Saved, url: str) -> None:
    """Check that both runs of a restored backup go on, from where they were, and once."""
    async with connected(url) as [server]:
        assert await server.log(saved.thread_id) == ["first before"]
        await saved.held(server).open()
        for run_id in saved.run_ids:
            assert await server.ended(saved.thread_id, run_id) == "success"
        assert await server.log(saved.thread_id) == [*done("first"), *done("second")]


def starts() -> dict[str, str]:
    return {service.name: service.started for service in compose.services()}


def test_a_manifest_counts_what_was_there_at_one_moment(saved: Saved) -> None:
    manifest = saved.manifest
    assert manifest.runs == {"success": 3, "running": 1, "pending": 1}
    assert manifest.in_flight == 2
    assert manifest.counts["threads"] == 4
    assert manifest.counts["assistants"] == len(NAMES) + 1
    assert (manifest.engine, manifest.redis[0]) == ("Aegra 0.11.0", "8")
    assert list(saved.path.parent.iterdir()) == [saved.path]
    assert saved.path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(saved.path) as archive:
        assert archive.read("redis.rdb").startswith(b"REDIS")
        kept = archive.read("manifest.json")
    assert Manifest.from_json(kept) == manifest
    for name in compose.PASSWORDS:
        assert load_settings().value(name).encode() not in saved.path.read_bytes()


async def test_a_fresh_stack_gets_all_that_was_saved_and_runs_go_on_once(saved: Saved) -> None:
    lifecycle.down(volumes=True)
    assert commands.restore(saved.path) == saved.manifest
    assert find_services(PROJECT) == []  # as before: nothing runs
    url = lifecycle.up(graphs=NAMES)
    async with connected(url) as [server]:
        assert await contents_of(server, saved.thread_id) == saved.contents
    await goes_on(saved, url)


def test_data_is_not_replaced_unless_told(saved: Saved) -> None:
    before = starts()
    with pytest.raises(CourseError, match=r"4 threads, 5 runs, \d+ store items, 1 assistant "):
        commands.restore(saved.path)
    assert starts() == before


async def test_a_default_assistant_that_was_changed_is_somebodys(saved: Saved) -> None:
    before = user_data()["assistants"]
    async with connected(compose.stack_url()) as [server]:
        defaults = {"graph_id": "counter", "metadata": {"created_by": "system"}}
        [default] = await server.client.assistants.search(**defaults)
        await server.client.assistants.update(default["assistant_id"], context={"user": "ada"})
    assert user_data()["assistants"] == before + 1


def test_without_the_image_that_is_said(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_IMAGE", "task-maistro-test-missing")
    with pytest.raises(BuildError, match="no image task-maistro-test-missing"):
        commands.restore(saved.path)


def test_a_damaged_backup_is_found_before_anything_is_touched(saved: Saved, tmp_path: Path) -> None:
    before = starts()
    whole = saved.path.read_bytes()
    for number, damaged in enumerate(
        (whole[: len(whole) // 2], whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    ):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(damaged)
        with pytest.raises(CourseError, match=r"only a part|damaged"):
            commands.restore(path, over=True)
    assert starts() == before


async def told_of(saved: Saved, url: str) -> str:
    """Return what a client that joins the first run from its beginning is told within a second."""
    said = []
    async with connected(url) as [server]:
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                async for part in server.client.runs.join_stream(
                    saved.thread_id, saved.run_ids[0], last_event_id="-"
                ):
                    said.append(str(part.data))
    return " ".join(said)


async def test_an_old_redis_is_neither_run_nor_told(saved: Saved) -> None:
    redis = ("redis-cli", "rpush", "aegra:jobs", *saved.run_ids, *saved.run_ids)
    lifecycle.run_in(compose.REDIS, *redis)
    cached = f"aegra:run:cache:{saved.run_ids[1]}"  # waits behind the first after the restore
    assert lifecycle.run_in(compose.REDIS, "redis-cli", "exists", cached) == "1"
    assert "first after" in await told_of(saved, compose.stack_url())
    await asyncio.to_thread(commands.restore, saved.path, over=True)
    assert databases() == {"postgres", database()}
    assert "first after" not in await told_of(saved, compose.stack_url())
    assert lifecycle.run_in(compose.REDIS, "redis-cli", "exists", cached) == "0"
    lifecycle.run_in(compose.REDIS, *redis)  # as if the old queue had come back
    await goes_on(saved, compose.stack_url())


def test_a_stopped_stack_is_saved_and_stays_stopped(saved: Saved, tmp_path: Path) -> None:
    lifecycle.stop()
    manifest = commands.save(tmp_path / "b.zip")
    assert manifest.runs == {"success": 5}
    assert {service.state for service in compose.services()} == {"exited"}
