"""The faults of lesson 09 without containers: what is done, undone, recognised and told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from course_helpers.core import waiting
from course_helpers.core.errors import CourseError, ServerError
from course_helpers.core.processes import Answer
from course_helpers.practice import _held_port, broken_stack, cleanup, diagnosis, port_holder, stack
from course_helpers.practice.diagnosis import Diagnosis, diagnose
from course_helpers.practice.fault_catalogue import FAULTS
from course_helpers.practice.faults import fault, random_fault
from course_helpers.practice.stack import PracticeStack
from course_helpers.stack import compose, lifecycle
from course_helpers.stack.compose import API, POSTGRES, REDIS, compose_command, override_file
from course_helpers.stack.containers import Service

LOGS = Path(__file__).parents[1] / "stack/logs"
PROJECT = "course-practice"


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What would have been done in Docker, in order."""
    done: list[str] = []

    def note(*what: Any) -> str:
        done.append(" ".join(map(str, what)))
        print("Ready")
        return ""

    def services() -> list[Service]:
        return [Service(name, f"id-of-{name}", "i", "running") for name in compose.SERVICES]

    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "course")
    monkeypatch.setattr(compose, "ROOT", tmp_path)
    monkeypatch.setattr(stack.atexit, "register", lambda function: None)
    monkeypatch.setattr(lifecycle, "up", lambda: note("up"))
    monkeypatch.setattr(lifecycle, "down", lambda volumes: note("down"))
    monkeypatch.setattr(cleanup, "remove", lambda name: note("leftovers", name))
    monkeypatch.setattr(broken_stack, "missing_graphs", lambda url, graphs: [])
    monkeypatch.setattr(broken_stack, "services", services)
    monkeypatch.setattr(broken_stack, "run_compose", lambda *words, timeout: note(*words))
    monkeypatch.setattr(broken_stack, "ask_docker", lambda *words, timeout=0: note(*words))
    monkeypatch.setattr(broken_stack, "run", lambda words, timeout: Answer(0, note(*words[1:])))
    return done


@pytest.fixture
def practice(done: list[str]) -> Iterator[PracticeStack]:
    """A practice stack whose commands are only noted."""
    made = PracticeStack()
    done.clear()
    yield made
    with made:
        assert not override_file().exists()


# --- Breaking and mending ---------------------------------------------------------------------


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_does_something_and_all_is_undone(
    practice: PracticeStack, done: list[str], name: str
) -> None:
    settings = dict(practice.settings)
    broken = fault(name, practice)
    assert done or practice.settings != settings
    done.clear()
    broken.mend()
    assert practice.settings == settings
    assert "up" in done
    assert done[-2:] == [
        f"volume rm --force {PROJECT}_another",
        f"image rm --force {PROJECT}:changed",
    ]
    done.clear()
    broken.mend()
    assert done == []


def test_the_order_of_mending(practice: PracticeStack, done: list[str]) -> None:
    with fault("disk full", practice), practice:
        override = json.loads(override_file().read_text())
        assert str(override_file()) in compose_command("ps")
    assert override["services"].keys() == {POSTGRES}
    assert override["volumes"] == {f"{PROJECT}_another": {"external": True}}
    created, changed, removed, up, _, _ = done
    assert "--opt=o=size=8m,uid=999,gid=999,mode=0700" in created
    assert changed == f"up --detach --no-deps --timeout 0 {POSTGRES}"
    assert removed == f"container rm --force id-of-{POSTGRES}"
    assert up == "up"


def test_the_second_file_is_for_the_practice_stack_alone(practice: PracticeStack) -> None:
    with fault("memory limit", practice):
        assert "override" not in " ".join(compose_command("ps"))
        with practice:
            assert "override" in compose_command("ps")[-2]


def test_one_fault_at_a_time(practice: PracticeStack) -> None:
    with fault("Redis down", practice):
        with pytest.raises(CourseError, match="is broken already") as caught:
            fault("Postgres down", practice)
        assert "practice.remove()" in caught.value.fix
    fault("Postgres down", practice).mend()


def test_what_cannot_be_broken_is_mended(
    practice: PracticeStack, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: str, timeout: float) -> None:
        raise ServerError("No.", "-")

    monkeypatch.setattr(broken_stack, "run_compose", refuse)
    with pytest.raises(ServerError, match="No"):
        fault("key missing", practice)
    assert "up" in done


def test_what_cannot_be_mended_is_mended_later(
    practice: PracticeStack, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = fault("image missing", practice)
    with monkeypatch.context() as patch:
        patch.setattr(practice, "up", lambda: (_ for _ in ()).throw(ServerError("No.", "-")))
        with pytest.raises(ServerError):
            broken.mend()
    assert "API_IMAGE" not in practice.settings
    done.clear()
    broken.mend()
    assert "up" in done


@pytest.mark.parametrize("before", [None, "task-maistro-of-the-shell"])
def test_mended_in_a_block_that_began_while_it_was_broken(
    practice: PracticeStack, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    monkeypatch.delenv("API_IMAGE", raising=False)
    if before is not None:
        monkeypatch.setenv("API_IMAGE", before)
    started_with: list[str | None] = []
    monkeypatch.setattr(practice, "up", lambda: started_with.append(os.environ.get("API_IMAGE")))
    broken = fault("image missing", practice)
    with practice:
        assert os.environ["API_IMAGE"] == "task-mastro"
        broken.mend()
        assert os.environ.get("API_IMAGE") == before
    assert started_with == [before]
    assert os.environ.get("API_IMAGE") == before


def test_a_setting_of_the_practice_stack_is_put_back_in_its_block(practice: PracticeStack) -> None:
    practice.settings["API_IMAGE"] = "mine"
    with practice:
        broken = fault("image missing", practice)
    with practice:
        practice.settings["API_IMAGE"] = "a-guess"
        broken.mend()
        assert os.environ["API_IMAGE"] == practice.settings["API_IMAGE"] == "mine"
    assert os.environ.get("API_IMAGE") != "mine"


def test_what_is_mended_says_so(practice: PracticeStack) -> None:
    broken = fault("disk full", practice)
    assert repr(broken) == "Something is broken: Postgres does not start."
    broken.mend()
    assert repr(broken) == "It is mended. What was noticed: Postgres does not start."


def test_what_was_removed_does_not_mend_what_came_after(
    practice: PracticeStack, done: list[str]
) -> None:
    removed = fault("Redis down", practice)
    practice.remove()
    assert "mended" in repr(removed)
    with fault("Postgres down", practice) as other:
        done.clear()
        removed.mend()
        assert done == []
        assert "Something is broken" in repr(other)
        assert "mended" in repr(removed)


def test_a_setting_outlives_a_removal_and_is_told(practice: PracticeStack, done: list[str]) -> None:
    removed = fault("image missing", practice)
    practice.remove()
    assert "Something is broken" in repr(removed)
    done.clear()
    removed.mend()
    assert "mended" in repr(removed)
    assert "API_IMAGE" not in practice.settings
    assert done == []


def test_a_new_practice_stack_ends_what_a_killed_kernel_has_left(
    practice: PracticeStack, done: list[str]
) -> None:
    left = fault("stale volume", practice)
    done.clear()
    after = PracticeStack()
    assert done == ["down", f"leftovers {PROJECT}"]
    with after:
        assert not override_file().exists()
    done.clear()
    left.mend()  # too late: there is nothing to mend
    assert done == []


def test_at_exit_too(practice: PracticeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(stack.cleanup, "remove_soon", started.append)
    practice.up()
    fault("disk full", practice)
    practice._remove_at_exit()
    assert started == [PROJECT]


def test_the_port_is_held_as_long_as_the_fault_lasts(practice: PracticeStack) -> None:
    address = ("127.0.0.1", int(practice.settings["API_PORT"]))
    with fault("port taken", practice):
        socket.create_connection(address).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_the_port_is_free_when_the_practice_stack_is_removed(practice: PracticeStack) -> None:
    with fault("port taken", practice):
        practice.remove()
        wait_until_refused(int(practice.settings["API_PORT"]))


def test_a_port_that_is_let_go_meanwhile_is_taken(
    practice: PracticeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = ("127.0.0.1", int(practice.settings["API_PORT"]))
    held = socket.create_server(address)
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: held.close())
    with fault("port taken", practice):
        assert held.fileno() == -1
        socket.create_connection(address).close()


def test_a_port_that_stays_taken_is_a_sentence(
    practice: PracticeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port_holder, "LIMIT", 0.3)
    port = int(practice.settings["API_PORT"])
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(CourseError, match=f"Port {port} cannot be taken"),
    ):
        fault("port taken", practice)


def test_the_port_is_free_when_its_kernel_is_killed(
    practice: PracticeStack, tmp_path: Path
) -> None:
    port = practice.settings["API_PORT"]
    holder = [sys.executable, "-c", _HOLDER, _held_port.__name__, port, str(tmp_path)]
    held = subprocess.Popen(holder, stdout=subprocess.PIPE)
    assert held.stdout is not None
    held.stdout.readline()
    socket.create_connection(("127.0.0.1", int(port))).close()
    held.kill()
    held.communicate()
    wait_until_refused(int(port))


_HOLDER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", *sys.argv[1:]],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
child.stdout.readline()
print(flush=True)
time.sleep(60)
"""


def wait_until_refused(port: int, timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        assert time.monotonic() < deadline, "still held"


# --- The riddle -------------------------------------------------------------------------------


def test_a_riddle_does_not_tell(practice: PracticeStack) -> None:
    names = set()
    for seed in range(60):
        riddle = random_fault(practice, seed)
        names.add(riddle.reveal().name)
        assert not any(name.lower() in repr(riddle).lower() for name in FAULTS)
        assert riddle.hint()
        riddle.mend()
    assert names == set(FAULTS)
    with random_fault(practice, "a word") as one:
        pass
    with random_fault(practice, "a word") as other:
        assert one.reveal() == other.reveal()


def test_no_such_fault(practice: PracticeStack) -> None:
    with pytest.raises(CourseError, match="no fault 'redis'") as caught:
        fault("redis", practice)
    assert "Redis down" in caught.value.fix


def test_no_hint_and_no_notice_names_its_fault() -> None:
    for each in FAULTS.values():
        assert each.name.lower() not in f"{each.notice} {each.hint}".lower()


# --- The diagnosis ----------------------------------------------------------------------------


@pytest.fixture
def look(practice: PracticeStack, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Diagnosis]:
    """Give a function that diagnoses from a service's state, a log, and the server's variables."""

    def run(
        *found: Service, log: str = "", given: dict[str, str] | None = None, missing: str = ""
    ) -> Diagnosis:
        variables = json.dumps([f"{name}={value}" for name, value in (given or {}).items()])
        answer = Answer(1, err=f"Error: No such image: {missing}")
        monkeypatch.setattr(diagnosis, "services", lambda: list(found))
        monkeypatch.setattr(diagnosis, "read_log", lambda container: log)
        monkeypatch.setattr(diagnosis, "ask_docker", lambda *words: variables)
        monkeypatch.setattr(diagnosis, "run", lambda *words: answer)
        monkeypatch.setattr(diagnosis, "missing_images", lambda: [missing] if missing else [])
        return diagnose(practice, timeout=0)

    return run


def service(name: str, **facts: Any) -> Service:
    return Service(name, "id", "image", **{"state": "exited", "exit_code": 1, **facts})


WELL = [service(name, state="running", exit_code=0, health="healthy") for name in compose.SERVICES]
OPENAI = {"TASK_MAISTRO_MODEL": "openai:gpt-4o"}
PLACEHOLDER = {**OPENAI, "OPENAI_API_KEY": "sk-your-key-here"}
ENDED = [  # the fault, the container that ended, its log, and what of that is shown
    ("wrong database URI", service(API), "api-postgres-no-database", "has no database"),
    ("graph path wrong", service(API), "api-graph-file-missing", "there is no file"),
    ("import error", service(API), "api-package-missing", "No module named"),
    ("memory limit", service(API, exit_code=137, out_of_memory=True), "api-stopped", ""),
    ("Postgres down", service(POSTGRES, exit_code=137), "postgres-stopped", ""),
    ("Redis down", service(REDIS, exit_code=137), "redis-stopped", ""),
    ("disk full", service(POSTGRES), "postgres-disk-full", "No space left on device"),
    ("stale volume", service(POSTGRES, state="restarting"), "postgres-other-version", "16"),
]  # fmt: skip


def look_at(look: Callable[..., Diagnosis], ended: Service, log: str) -> Diagnosis:
    """Return what is said of a stack with one container that has ended."""
    text = (LOGS / f"{log}.log").read_text()
    return look(*(each for each in WELL if each.name != ended.name), ended, log=text)


@pytest.mark.parametrize(("name", "ended", "log", "line"), ENDED)
def test_a_container_that_ended(
    look: Callable[..., Diagnosis], name: str, ended: Service, log: str, line: str
) -> None:
    seen = look_at(look, ended, log)
    assert seen.name == name, seen
    assert FAULTS[name].sign in seen.sentence
    assert seen.fix
    assert any(line in each for each in seen.lines)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("", {}),
        ("", {**OPENAI, "OPENAI_API_KEY": "sk-proj-0123456789abcdef"}),
        ("key missing", OPENAI),
        ("key missing", {**OPENAI, "OPENAI_API_KEY": " "}),
        ("key a placeholder", PLACEHOLDER),
    ],
)
def test_the_key_that_the_container_was_given(
    look: Callable[..., Diagnosis],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    given: dict[str, str],
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-of-this-computer")  # which says nothing
    assert look(*WELL, given=given).name == name


def test_a_port_that_another_program_holds(
    look: Callable[..., Diagnosis], practice: PracticeStack
) -> None:
    with fault("port taken", practice):
        found = look(*WELL[1:])
    assert found.name == "port taken"
    assert practice.settings["API_PORT"] in found.sentence


def test_an_image_that_is_not_here(look: Callable[..., Diagnosis]) -> None:
    found = look(*WELL[1:], missing="task-mastro")
    assert (found.name, found.fix) == ("image missing", "make images")
    assert found.lines == ("Error: No such image: task-mastro",)


def test_the_database_before_the_server_that_suffers(look: Callable[..., Diagnosis]) -> None:
    suffering = service(API, state="running", health="unhealthy")
    log = (LOGS / "api-redis-lost.log").read_text()
    assert look(suffering, service(REDIS, exit_code=137), log=log).name == "Redis down"


def test_what_has_no_name_and_what_is_well(look: Callable[..., Diagnosis]) -> None:
    odd = look(service(API, exit_code=3), log="never seen before")
    assert (odd.name, odd.lines) == ("", ("never seen before",))
    assert "does not know why" in odd.sentence
    well = look(*WELL)
    assert "3 services, all ready" in well.sentence
    assert well.fix == ""
    assert "not running" in look().sentence


def test_a_diagnosis_is_shown_escaped() -> None:
    shown = Diagnosis("", "<script>", "make up", ("a\x1b[31m line", "<b>"))
    assert "<script>" not in shown._repr_html_()
    assert "<b>" not in shown._repr_html_()
    assert repr(shown).splitlines()[2] == "Printed   a line"


def test_no_sign_is_in_another_faults_sentence(
    look: Callable[..., Diagnosis], practice: PracticeStack
) -> None:
    found = [look_at(look, ended, log) for _, ended, log, _ in ENDED]
    found += [look(*WELL, given=OPENAI), look(*WELL, given=PLACEHOLDER)]
    found += [look(*WELL[1:], missing="task-mastro")]
    with fault("port taken", practice):
        found += [look(*WELL[1:])]
    assert {each.name for each in found} == set(FAULTS)
    for each in found:
        assert [one.name for one in FAULTS.values() if one.sign in each.sentence] == [each.name]


# --- What is left -----------------------------------------------------------------------------


def test_leftovers_of_a_project(program: Callable[[str, str], None], tmp_path: Path) -> None:
    program(
        "docker",
        f"""echo "$@" >>{tmp_path}/said
case "$1 $2" in
"container ls") echo course-practice-api-1; echo course-api-1;;
"network ls") case "$*" in *project=course-practice*) echo course-practice_data;; *) echo other;; esac;;
"volume ls") case "$*" in *project=course-practice*) echo course-practice_another;; esac;;
"image ls") echo course-practice:changed;;
esac""",
    )
    names = ["course-practice-api-1", "course-practice_data", "course-practice_another"]
    assert cleanup.left(PROJECT) == [*names, "course-practice:changed"]
    cleanup.remove(PROJECT)
    said = (tmp_path / "said").read_text()
    assert "volume rm course-practice_another" in said
    assert "network rm course-practice_data" in said
    assert "image rm --force course-practice:changed" in said
    assert "course-api-1" not in said
    assert os.environ["PATH"].startswith(str(tmp_path))


def test_leftovers_are_removed_by_a_process_that_goes_on(
    program: Callable[[str, str], None], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "said")
    program("docker", f'test "$1" != image || echo "$@" >{tmp_path}/said')
    cleanup.remove_soon(PROJECT)
    assert (tmp_path / "said").read_text().startswith("image ls")  # waits until it is said
