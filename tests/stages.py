"""The parts of the tests: what each runs, on which lane, and what it needs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.notebooks.lessons import lessons_of
from tests.pinned import BUILD
from tests.system import ensure_system_packages

ROOT = Path(__file__).resolve().parents[1]
PYTEST = (sys.executable, "-m", "pytest")
TWO = ("-n", "2", "--dist", "loadfile")  # half the time; each worker has a server of its own
PLUGIN = ("-p", "tests.notebooks.plugin")
NBVAL = (
    *(*PLUGIN, "--nbval", "--nbval-cell-timeout=120"),
    "--nbval-sanitize-with=tests/notebooks/sanitize.cfg",
)
OWN_STACK = ("-p", "tests.notebooks.own_stack")
STACK_PANELS = "tests/browser/docker"
# The files of tests/docker that have a stage of their own.
FAULT_LAB = ("tests/docker/test_faults.py",)
BACKUPS = tuple(
    f"tests/docker/test_{each}.py" for each in ("backup", "interrupted_restores", "bundle")
)
REST = tuple(f"--ignore={path}" for path in (*FAULT_LAB, *BACKUPS))
CONFORMANCE = ("-p", "tests.conformance.engine", "tests/conformance")
EMBEDDED, OPEN = (
    tuple(str(path.relative_to(ROOT)) for path in lessons_of(lane)) for lane in ("embedded", "open")
)
NOT_OPEN = tuple(f"--ignore={path}" for path in OPEN)
# On another lane than the stored outputs come from: the cells' own assertions decide.
NBVAL_LAX = (
    *(*PLUGIN, *OWN_STACK, "-p", "tests.notebooks.open_lane"),
    *("--nbval-lax", "--nbval-cell-timeout=120"),
)


FIRST, MAIN, LAST = "first", "containers", "last"
EMBEDDED_TRACK, LESSONS, DATA = "embedded", "lessons", "data"


@dataclass(frozen=True)
class Stage:
    """A part of the tests, one process.

    Attributes:
        name: what `python -m tests.run` calls it.
        lane: where its deployment runs.
        command: what to run; it also gets `--junitxml=…`, from which the counts are read.
        needs: provides what the system must have; returns a sentence if that is not possible.
        docker: whether it gets the Docker engine, which all such stages share.
        track: the stages of a track run one after the other, and the tracks beside each other,
            because most of them wait most of the time. Each track has settings of its own, and a
            project of its own in the engine. Those of `FIRST` and `LAST` have the machine to
            themselves: they measure time.
    """

    name: str
    lane: str
    command: tuple[str, ...]
    needs: Callable[[], str | None] = lambda: None
    docker: bool = False
    track: str = MAIN

    @property
    def settings(self) -> Path:
        """Its settings file. Without containers nothing makes one."""
        return BUILD / f"{self.track if self.docker else 'none'}.env"


STAGES = (
    Stage("unit", "none", (*PYTEST, *TWO, "tests/unit"), track=FIRST),
    Stage("server", "embedded", (*PYTEST, *TWO, "tests/server"), track=EMBEDDED_TRACK),
    Stage(
        "notebooks",
        "embedded",
        (*PYTEST, *NBVAL, *NOT_OPEN, "notebooks", "tests/notebooks"),
        track=EMBEDDED_TRACK,
    ),
    Stage(
        "browser",
        "embedded",
        (*PYTEST, "tests/browser", f"--ignore={STACK_PANELS}"),
        needs=ensure_system_packages,
        track=EMBEDDED_TRACK,
    ),
    Stage("docker", "open", (*PYTEST, "tests/docker", *REST), docker=True),
    Stage("lanes", "open", (*PYTEST, *NBVAL_LAX, *EMBEDDED), docker=True),
    Stage("backups", "open", (*PYTEST, *BACKUPS), docker=True, track=DATA),
    Stage("conformance", "open", (*PYTEST, *TWO, *CONFORMANCE), docker=True, track=DATA),
    Stage("lessons", "open", (*PYTEST, *OWN_STACK, *NBVAL, *OPEN), docker=True, track=LESSONS),
    Stage("faults", "open", (*PYTEST, *FAULT_LAB), docker=True, track=LESSONS),
    Stage(
        "panels",
        "open",
        (*PYTEST, STACK_PANELS),
        needs=ensure_system_packages,
        docker=True,
        track=LAST,
    ),
)
FLOWS = "soak_double_texting.py"  # pytest collects it only where it is named
SOAK = (
    Stage("soak", "embedded", (*PYTEST, f"tests/server/{FLOWS}")),
    Stage("soak-stack", "open", (*PYTEST, f"tests/docker/{FLOWS}"), docker=True),
    Stage("replicas", "open", (*PYTEST, "tests/docker/test_replicas.py"), docker=True),
    Stage("crashes", "open", (*PYTEST, "tests/docker/test_crash_load.py"), docker=True),
)
TIDY = Stage("tidy", "open", ())  # what became of the engine after the last stage
