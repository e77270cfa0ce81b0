"""The parts of the tests: what each runs, on which lane, and what it needs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.notebooks.lessons import lessons_of
from tests.pinned import EMBEDDED_ENV, LESSONS_ENV, TESTS_ENV
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
STACK_PANELS, FAULT_LAB = "tests/browser/docker", "tests/docker/test_faults.py"
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


@dataclass(frozen=True)
class Stage:
    """A part of the tests, one process.

    Attributes:
        name: what `python -m tests.run` calls it.
        lane: where its deployment runs.
        command: what to run; it also gets `--junitxml=…`, from which the counts are read.
        needs: makes sure of what the system must have; returns a sentence if it is missing.
        docker: whether it gets the Docker engine, which all such stages share.
        apart: whether it has a project of its own in that engine, and so runs beside the others.
    """

    name: str
    lane: str
    command: tuple[str, ...]
    needs: Callable[[], str | None] = lambda: None
    docker: bool = False
    apart: bool = False

    @property
    def settings(self) -> Path:
        """Its settings file: stages that run at the same time have one each."""
        if not self.docker:
            return EMBEDDED_ENV
        return LESSONS_ENV if self.apart else TESTS_ENV


STAGES = (
    Stage("unit", "none", (*PYTEST, *TWO, "tests/unit")),
    Stage("server", "embedded", (*PYTEST, *TWO, "tests/server")),
    Stage(
        "notebooks",
        "embedded",
        (*PYTEST, *NBVAL, *NOT_OPEN, "notebooks", "tests/notebooks"),
    ),
    Stage(
        "browser",
        "embedded",
        (*PYTEST, "tests/browser", f"--ignore={STACK_PANELS}"),
        needs=ensure_system_packages,
    ),
    Stage("docker", "open", (*PYTEST, "tests/docker", f"--ignore={FAULT_LAB}"), docker=True),
    Stage("conformance", "open", (*PYTEST, *TWO, *CONFORMANCE), docker=True),
    Stage("lanes", "open", (*PYTEST, *NBVAL_LAX, *EMBEDDED), docker=True),
    # After the others on containers: the lessons have ended then, and it measures time.
    Stage("panels", "open", (*PYTEST, STACK_PANELS), needs=ensure_system_packages, docker=True),
    Stage("lessons", "open", (*PYTEST, *OWN_STACK, *NBVAL, *OPEN), docker=True, apart=True),
    Stage("faults", "open", (*PYTEST, FAULT_LAB), docker=True, apart=True),
)
FLOWS = "soak_double_texting.py"  # pytest collects it only where it is named
SOAK = (
    Stage("soak", "embedded", (*PYTEST, f"tests/server/{FLOWS}")),
    Stage("soak-stack", "open", (*PYTEST, f"tests/docker/{FLOWS}"), docker=True),
    Stage("replicas", "open", (*PYTEST, "tests/docker/test_replicas.py"), docker=True),
    Stage("crashes", "open", (*PYTEST, "tests/docker/test_crash_load.py"), docker=True),
)
TIDY = Stage("tidy", "open", ())  # what became of the engine after the last stage
