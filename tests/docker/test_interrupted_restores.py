"""Restores that are interrupted, killed or on a full disk, or after which the server does not start."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from course_helpers.backup import commands, restoring
from course_helpers.backup.running import running_databases
from course_helpers.backup.swap import clear_leftovers, new_name, old_name
from course_helpers.core.errors import CourseError, ServerError
from course_helpers.stack import compose, lifecycle
from course_helpers.stack.fingerprints import read_contents
from course_helpers.stack.postgres import ask, database, row_counts, session
from tests.docker.backups import Saved, databases
from tests.docker.helpers import docker
from tests.docker.project import IMAGE, PROJECT

SMALL = f"{PROJECT}-small"  # a stack whose Postgres has a small disk
BIG_ROWS = """insert into store (prefix, key, value) select 'big', g::text, jsonb_build_object('text',
    (select string_agg(md5((g * 100 + i)::text), '') from generate_series(1, 64) i))
    from generate_series(1, 15000) g"""  # 30 MB that hardly shrink


def rows() -> dict[str, int]:
    with session(database()) as ask_session:
        return row_counts(ask_session)


def reserved() -> bool:
    return "restore-reserve" in lifecycle.run_in(compose.POSTGRES, "sh", "-c", 'ls "$PGDATA"')


def wait_until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until a condition holds, which a process is to bring about."""
    deadline = time.monotonic() + 60
    while not condition():
        assert process.stdout is not None
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.3)  # each look takes a whole `docker compose exec`


@contextmanager
def restore_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that restores and leads its own group, as in a terminal."""
    command = [sys.executable, "-m", "course_helpers.backup", "restore", str(path), "over"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


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


@pytest.fixture(scope="module")
def only_databases(saved: Saved) -> Iterator[None]:
    """Run the databases without the server, so that a restore is quicker."""
    lifecycle.stop(compose.API)
    with running_databases():
        yield


@pytest.fixture(scope="module")
def endless(only_databases: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a backup whose loading does not end: it indexes a function that sleeps."""
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
    """Yield a container that can fill the small disk on which a second stack keeps its data."""
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
