"""The helpers of lesson 08: checkpointers measured and killed, contents compared, figures told."""

from __future__ import annotations

import json
import operator
import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from matplotlib.figure import Figure
from typing_extensions import TypedDict

from course_helpers import kill_and_resume, read_contents, stored_bytes, time_writes, with_alt_text
from course_helpers.core.errors import CourseError
from course_helpers.core.markup import Rows
from course_helpers.core.processes import Answer
from course_helpers.lessons import kill_and_resume as kill_module
from course_helpers.practice import database as practice_database
from course_helpers.practice.database import PracticeDatabase
from course_helpers.stack import fingerprints
from course_helpers.stack.fingerprints import Contents, Fingerprint

CONFIG: Any = {"configurable": {"thread_id": "1"}}
STEPS = 5


class Notes(TypedDict):
    """A manual that does not change, and notes that become more."""

    manual: list[str]
    notes: Annotated[list[str], operator.add]


def write(state: Notes) -> dict[str, list[str]]:
    return {"notes": ["x" * 1000]}


def bytes_a_step(saver: Any) -> list[int]:
    """Return what each step of a run of five adds to a checkpointer."""
    builder: Any = StateGraph(Notes)
    builder.add_node("write", write)
    builder.add_edge(START, "write")
    builder.add_conditional_edges("write", lambda s: "write" if len(s["notes"]) < STEPS else END)
    graph, given = builder.compile(checkpointer=saver), {"manual": ["m" * 20_000], "notes": []}
    sizes = []
    for _ in graph.stream(given, CONFIG, stream_mode="values", durability="sync"):
        sizes.append(stored_bytes(saver))
    return [after - before for before, after in pairwise(sizes)]


def test_memory_keeps_what_has_changed_and_sqlite_everything_at_each_step(tmp_path: Path) -> None:
    memory = bytes_a_step(InMemorySaver())
    with SqliteSaver.from_conn_string(str(tmp_path / "s.sqlite")) as saver:
        sqlite = bytes_a_step(saver)
    assert len(memory) == len(sqlite) == STEPS
    for sizes in (memory, sqlite):
        assert all(900 < after - before < 1100 for before, after in pairwise(sizes))
    assert all(19_900 < more - less < 20_400 for more, less in zip(sqlite, memory, strict=True))


def test_writes_that_come_late_do_not_count() -> None:
    in_time, late = InMemorySaver(), InMemorySaver()
    late.put_writes = lambda *_, **__: None  # type: ignore[method-assign]
    pairs = zip(bytes_a_step(late), bytes_a_step(in_time), strict=True)
    assert all(abs(less - more) < 50 for less, more in pairs)  # versions are of different lengths


def test_each_checkpoint_is_timed() -> None:
    saver = InMemorySaver()
    taken = time_writes(saver)
    bytes_a_step(saver)
    assert len(taken) == STEPS + 2  # the input, and the state before the first step
    assert len(list(saver.list(CONFIG))) == len(taken)
    assert all(0 < milliseconds < 1000 for milliseconds in taken)


def test_nothing_is_stored_at_first_and_other_checkpointers_are_refused(tmp_path: Path) -> None:
    assert stored_bytes(InMemorySaver()) == 0
    with SqliteSaver.from_conn_string(str(tmp_path / "s.sqlite")) as saver:
        saver.setup()
        assert stored_bytes(saver) == 0
    other: Any = object()
    with pytest.raises(CourseError, match="bytes of a object cannot be counted"):
        stored_bytes(other)


def test_a_file_survives_the_process_and_memory_does_not(tmp_path: Path) -> None:
    found = kill_and_resume({"memory": "", "SQLite": str(tmp_path / "s.sqlite")})
    assert list(map(repr, found.values())) == [
        "memory    found nothing  then did 1 2 3 4 5",
        "SQLite    found 1 2 3    then did 4 5",
    ]
    assert {tuple(each.done) for each in found.values()} == {(1, 2, 3, 4, 5)}


def test_a_checkpointer_that_cannot_write_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"no checkpointer 'Redis'.*\n.*memory, SQLite, Postgres"):
        kill_and_resume({"Redis": ""})
    with pytest.raises(CourseError, match="SQLite: unable to open database file"):
        kill_and_resume({"SQLite": str(tmp_path / "nowhere" / "s.sqlite")})


def test_the_address_of_a_database_is_not_among_a_process_arguments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[Any] = []

    def refuse(command: list[str], env: dict[str, str], **_: Any) -> None:
        started.append((command, env))
        raise OSError("refused")

    monkeypatch.setattr(kill_module.subprocess, "Popen", refuse)
    with pytest.raises(OSError, match="refused"):
        kill_and_resume({"Postgres": "postgresql://postgres:secret@host/db"})
    ((command, env),) = started
    assert "secret" not in str(command)
    assert json.loads(env["SAVERS"]) == {"Postgres": "postgresql://postgres:secret@host/db"}


def answered(monkeypatch: pytest.MonkeyPatch, *tables: tuple[str, str, str]) -> list[str]:
    """Let Postgres hold tables (name, rows, MD5); return the list of what it is asked."""
    asked: list[str] = []

    def read_rows(sql: str) -> Rows:
        asked.append(sql)
        rows = [dict(zip(("name", "rows", "md5"), table, strict=True)) for table in tables]
        return Rows(rows if "md5" in sql else ({"name": row["name"]} for row in reversed(rows)))

    monkeypatch.setattr(fingerprints, "read_rows", read_rows)
    return asked


def test_contents_are_read_in_one_statement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answered(monkeypatch, ("runs", "2", "a" * 32), ("store", "10", "b" * 32))
    found = read_contents()
    assert found == {"runs": Fingerprint(2, "a" * 32), "store": Fingerprint(10, "b" * 32)}
    assert len(asked) == 2  # which tables there are, and all of them at one moment
    assert asked[1].count(" union all ") == 1
    assert re.findall(r"from (\w+) t", asked[1]) == ["runs", "store"]
    assert "docker compose exec langgraph-postgres psql" in capsys.readouterr().out


def test_contents_tell_a_changed_letter_from_none(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, ("store", "10", "b" * 32))
    before = read_contents()
    assert read_contents() == before
    answered(monkeypatch, ("store", "10", "c" * 32))
    assert read_contents() != before


def test_contents_are_shown_in_lines_and_as_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Contents({"<b>": Fingerprint(1, "a" * 32), "store": Fingerprint(10, "b" * 32)})
    assert repr(shown).splitlines() == [f"<b>       1  {'a' * 32}", f"store    10  {'b' * 32}"]
    assert "&lt;b&gt;" in shown._repr_html_()
    assert "<b>" not in shown._repr_html_()
    answered(monkeypatch)
    assert repr(read_contents()) == "no tables"


def test_a_figure_has_a_text() -> None:
    figure = Figure(figsize=(1, 1))
    described = with_alt_text(figure, 'A line\n   that rises, <steeply> & "far"')
    assert described.png.startswith(b"\x89PNG")
    assert repr(described) == 'Figure: A line that rises, <steeply> & "far"'
    shown = described._repr_html_()
    assert 'alt="A line that rises, &lt;steeply&gt; &amp; &quot;far&quot;"' in shown
    assert shown.count("<") == 1
    with pytest.raises(CourseError, match="no text"):
        with_alt_text(figure, " ")


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for Docker: a database that starts at once at port 49153."""
    said: list[str] = []

    def ask(command: list[str], timeout: float) -> Answer:
        said.append(" ".join(command))
        return Answer(0, "127.0.0.1:49153" if command[1] == "port" else "")

    def run_typed(command: str, values: dict[str, str]) -> None:
        print(f"$ {command}")
        said.extend([command, *values.values()])

    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "course")
    module = practice_database
    monkeypatch.setattr(module.atexit, "register", lambda function: None)
    monkeypatch.setattr(module.docker, "require", lambda: None)
    monkeypatch.setattr(module.cleanup, "remove", lambda name: said.append(f"rm {name}"))
    monkeypatch.setattr(module, "base_image", lambda settings, name: f"image of {name}")
    monkeypatch.setattr(module, "wait_until_ready", lambda container, service, ready: ready())
    monkeypatch.setattr(module, "run_typed", run_typed)
    monkeypatch.setattr(module, "run", ask)
    return said


def test_a_practice_database_is_for_this_computer_and_shows_no_password(
    docker: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    database = PracticeDatabase()
    assert docker[0] == "rm course-database"
    assert "--publish 127.0.0.1::5432" in docker[1]
    assert docker[2] == "image of POSTGRES_IMAGE"
    password = docker[3]
    assert database.uri == f"postgresql://postgres:{password}@127.0.0.1:49153/postgres"
    assert password not in repr(database) + capsys.readouterr().out
    assert "docker exec course-database-postgres pg_isready" in docker[4]
    database.remove()
    assert docker[-1] == "rm course-database"


def test_a_practice_database_is_removed_at_exit_only_if_it_is_there(
    docker: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    module, there = practice_database, ["course-database-postgres"]
    monkeypatch.setattr(module.cleanup, "left", lambda name: there)
    monkeypatch.setattr(module.cleanup, "remove_soon", started.append)
    database = PracticeDatabase()
    database._remove_at_exit()
    assert started == ["course-database"]
    there.clear()
    database._remove_at_exit()
    assert started == ["course-database"]
