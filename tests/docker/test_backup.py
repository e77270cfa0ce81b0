"""Backups, for real: made while runs go on, restored into nothing, refused, and on a full disk.

And restores that are interrupted or killed, or after which the server does not start.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from course_helpers.backup import commands, restoring
from course_helpers.backup.manifest import Manifest
from course_helpers.backup.preflight import user_data
from course_helpers.backup.running import running_databases
from course_helpers.backup.swap import clear_leftovers, new_name, old_name
from course_helpers.core.errors import BuildError, CourseError, ServerError
from course_helpers.core.settings import load_settings
from course_helpers.stack import compose, lifecycle
from course_helpers.stack.containers import find_services
from course_helpers.stack.fingerprints import read_contents
from course_helpers.stack.postgres import ask, database, row_counts, session
from tests.conformance.support import Held, Server
from tests.docker.helpers import docker
from tests.docker.project import IMAGE, PROJECT
from tests.docker.replicas import NAMES, engine
from tests.docker.test_replicas import connected, done, other

SMALL = f"{PROJECT}-small"  # a stack whose Postgres has a small disk
BIG_ROWS = """insert into store (prefix, key, value) select 'big', g::text, jsonb_build_object('text',
    (select string_agg(md5((g * 100 + i)::text), '') from generate_series(1, 64) i))
    from generate_series(1, 15000) g"""  # 30 MB that hardly shrink


@dataclass(frozen=True)
class Saved:
    """A backup, made while one run stood in its middle node and another waited behind it.

    Attributes:
        path: the file.
        manifest: what `save` has returned.
        contents: what the API said of everything that was at rest.
        thread_id: the thread of the two runs.
        run_ids: the two runs, which have ended since.
        gate: what the first one waited for.
    """

    path: Path
    manifest: Manifest
    contents: dict[str, Any]
    thread_id: str
    run_ids: list[str]
    gate: str

    def held(self, server: Server) -> Held:
        return Held(server, self.thread_id, self.run_ids[0], self.gate)


@pytest.fixture(scope="module")
def saved(made_images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    with engine() as url:
        yield asyncio.run(make(url, tmp_path_factory.mktemp("backups") / "a.zip"))


async def make(url: str, path: Path) -> Saved:
    async with connected(url) as [server]:
        for _ in range(3):
            await server.ran()
        await server.client.store.put_item(["notes", "ada"], "a", {"text": "Grüße, 'quoted'"})
        await server.client.assistants.create("counter", name="mine", metadata={"owner": "ada"})
        held = await server.hold(await server.thread(), stream_resumable=True)
        waiting = await other(server, held.thread_id, "second")
        manifest = await asyncio.to_thread(commands.save, path)
        contents = await contents_of(server, held.thread_id)
        await held.release()
        await server.ended(held.thread_id, waiting)
        assert await server.log(held.thread_id) == [*done("first"), *done("second")]
    run_ids = [held.run_id, waiting]
    return Saved(path, manifest, contents, held.thread_id, run_ids, held.gate)


async def contents_of(server: Server, but: str) -> dict[str, Any]:
    """Return all that the API says of threads (but one), assistants and the store."""
    client = server.client
    threads = [t for t in await client.threads.search(limit=100) if t["thread_id"] != but]
    ids = sorted(thread["thread_id"] for thread in threads)
    return {
        "threads": sorted(threads, key=lambda thread: thread["thread_id"]),
        "states": [await client.threads.get_state(i) for i in ids],
        "histories": [await client.threads.get_history(i, limit=100) for i in ids],
        "runs": [await client.runs.list(i) for i in ids],
        "store": (await client.store.search_items(["notes"], limit=100))["items"],
        "assistants": await client.assistants.search(limit=100, sort_by="assistant_id"),
    }


async def goes_on(saved: Saved, url: str) -> None:
    """Check that both runs of a restored backup go on, from where they were, and once."""
    async with connected(url) as [server]:
        assert await server.log(saved.thread_id) == ["first before"]
        await saved.held(server).open()
        for run_id in saved.run_ids:
            assert await server.ended(saved.thread_id, run_id) == "success"
        assert await server.log(saved.thread_id) == [*done("first"), *done("second")]


def databases() -> set[str]:
    return {name for (name,) in ask("select datname from pg_database where not datistemplate")}


def rows() -> dict[str, int]:
    with session(database()) as ask_session:
        return row_counts(ask_session)


def reserved() -> bool:
    return "restore-reserve" in lifecycle.run_in(compose.POSTGRES, "sh", "-c", 'ls "$PGDATA"')


def wait_until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Return when a condition holds, which a process is to bring about."""
    deadline = time.monotonic() + 60
    while not condition():
        assert process.stdout is not None
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.3)  # each look takes a whole `docker compose exec`


@contextmanager
def restore_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Restore in a process of its own that leads its group, as in a terminal."""
    command = [sys.executable, "-m", "course_helpers.backup", "restore", str(path), "over"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


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


def test_if_the_server_does_not_start_with_it_the_old_data_is_back(
    saved: Saved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = ask("select version_num from alembic_version", database())[0][0]
    ask("update alembic_version set version_num = 'ffffffffffff'", database())
    commands.save(tmp_path / "unknown.zip")
    ask(f"update alembic_version set version_num = '{revision}'", database())
    before = read_contents()
    monkeypatch.setattr(commands, "require_known", lambda _: None)
    with pytest.raises(ServerError, match=r"langgraph-api|the server"):
        commands.restore(tmp_path / "unknown.zip", over=True)
    assert read_contents() == before
    assert databases() == {"postgres", database()}
    assert {service.ready for service in compose.services()} == {True}


def test_who_was_killed_after_the_swap_is_asked_which_data_counts(saved: Saved) -> None:
    before = read_contents()
    with restore_process(saved.path) as process:
        wait_until(lambda: old_name() in databases(), process)
        process.kill()
    with pytest.raises(ServerError, match=old_name()) as caught:
        commands.restore(saved.path, over=True)
    assert databases() == {"postgres", database(), old_name()}
    back = caught.value.fix.partition("Or to have it again: ")[2]
    here = back.replace("docker compose", shlex.join(compose.compose_command()))
    subprocess.run(["sh", "-c", here], env=compose.compose_environment(), check=True, timeout=60)
    clear_leftovers()
    assert databases() == {"postgres", database()}
    assert read_contents() == before


def test_a_stopped_stack_is_saved_and_stays_stopped(saved: Saved, tmp_path: Path) -> None:
    lifecycle.stop()
    manifest = commands.save(tmp_path / "b.zip")
    assert manifest.runs == {"success": 5}
    assert {service.state for service in compose.services()} == {"exited"}


@pytest.fixture(scope="module")
def only_databases(saved: Saved) -> Iterator[None]:
    """Have the databases run without the server, so that a restore is quicker."""
    lifecycle.stop(compose.API)
    with running_databases():
        yield


@pytest.fixture(scope="module")
def endless(only_databases: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a backup whose loading does not end: it makes an index of what a function returns."""
    nap = "create or replace function nap(int) returns int immutable language plpgsql as "
    ask(f"{nap} 'begin return $1; end'", database())
    ask("create table naps as select 1 as a; create index on naps (nap(a))", database())
    ask(f"{nap} 'begin perform pg_sleep(600); return $1; end'", database())
    path = tmp_path_factory.mktemp("endless") / "a.zip"
    commands.save(path)
    ask("drop table naps; drop function nap", database())
    return path


def loading() -> bool:
    making = "select 1 from pg_stat_activity where query like 'CREATE INDEX%naps%' and datname = "
    return bool(ask(f"{making}'{new_name()}'"))


def test_ctrl_c_while_it_loads_and_once_more_leaves_all_as_it_was(endless: Path) -> None:
    before = read_contents()
    with restore_process(endless) as process:
        wait_until(loading, process)
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout is not None
        while "Putting everything back" not in process.stdout.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        said = process.stdout.read()
        assert process.wait() == 130, said
    assert "did not succeed" not in said
    assert read_contents() == before
    assert databases() == {"postgres", database()}
    assert not reserved()


def test_after_a_kill_while_it_loads_the_next_restore_begins_by_cleaning_up(
    saved: Saved, endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_loadable = commands.require_loadable

    def with_all_the_room_there_is(archive: Any) -> None:
        assert databases() == {"postgres", database()}
        assert not reserved()
        require_loadable(archive)

    before = read_contents()
    with restore_process(endless) as process:
        wait_until(loading, process)
        process.kill()
    assert read_contents() == before
    assert databases() == {"postgres", database(), new_name()}
    assert reserved()
    monkeypatch.setattr(commands, "require_loadable", with_all_the_room_there_is)
    commands.restore(saved.path, over=True)
    assert rows() == saved.manifest.rows
    assert databases() == {"postgres", database()}


def test_old_data_that_was_being_deleted_is_deleted(only_databases: None) -> None:
    ask(f'create database "{old_name()}"')
    ask(f"update pg_database set datconnlimit = -2 where datname = '{old_name()}'")  # as Postgres
    clear_leftovers()
    assert databases() == {"postgres", database()}


def test_a_redis_that_refuses_to_be_emptied_is_heard(only_databases: None) -> None:
    right = ("redis-cli", "acl", "setuser", "default")
    lifecycle.run_in(compose.REDIS, *right, "-flushall")
    try:
        with pytest.raises(ServerError, match="NOPERM"):
            restoring._empty_redis()
    finally:
        lifecycle.run_in(compose.REDIS, *right, "+flushall")


@pytest.fixture
def small_disk(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give a container that can fill the small disk on which a stack of its own keeps its data."""
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", SMALL)
    monkeypatch.setenv("POSTGRES_DB", "postgres")  # the one that tools connect to if none is named
    volume = f"{SMALL}_postgres-data"
    labels = {"project": SMALL, "volume": "postgres-data"}
    options = [f"--label=com.docker.compose.{name}={value}" for name, value in labels.items()]
    disk = ("type=tmpfs", "device=tmpfs", "o=size=400m,uid=999,gid=999,mode=0700")
    lifecycle.down(volumes=True)
    docker("volume", "create", *options, *(f"--opt={option}" for option in disk), volume)
    mount = ("--network=none", "--user=999:999", "--volume", f"{volume}:/disk")
    keeper = docker("run", "--detach", "--rm", *mount, "--entrypoint=sleep", IMAGE, "600")
    try:
        yield keeper
    finally:
        docker("rm", "--force", keeper)
        lifecycle.down(volumes=True)


def test_a_disk_that_fills_half_way_leaves_the_data_as_it_was(
    saved: Saved, small_disk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = restoring.load_dump

    def load_on_a_full_disk(*arguments: Any) -> None:
        free = int(docker("exec", small_disk, "df", "-Pm", "/disk").split()[-3])
        fill = f"dd if=/dev/zero of=/disk/filler bs=1M count={free - 20} 2>&1"
        docker("exec", small_disk, "sh", "-c", fill)
        load(*arguments)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with running_databases():
        commands.restore(saved.path)
        ask(BIG_ROWS, database())
        big = commands.save(tmp_path / "big.zip")
        ask("delete from store where prefix = 'big' and key <> '7'", database())
        before = rows()

        monkeypatch.setattr(restoring, "load_dump", load_on_a_full_disk)
        with pytest.raises(CourseError, match="No space left on device"):
            commands.restore(tmp_path / "big.zip", over=True)
        assert rows() == before
        assert databases() == {"postgres", database()}
        with pytest.raises(CourseError, match=r"Postgres has \d+ MB of disk left"):
            commands.restore(tmp_path / "big.zip", over=True)

        docker("exec", small_disk, "rm", "/disk/filler")
        monkeypatch.setattr(restoring, "load_dump", interrupted)
        with pytest.raises(KeyboardInterrupt):
            commands.restore(tmp_path / "big.zip", over=True)
        assert rows() == before

        monkeypatch.setattr(restoring, "load_dump", load)
        commands.restore(tmp_path / "big.zip", over=True)
        assert rows() == big.rows
        assert databases() == {"postgres", database()}
    shutil.rmtree(tmp_path)
