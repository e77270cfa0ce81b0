"""`make test`: run the stages one after the other, then sum up what ran on which lane.

python -m tests.run                every stage
python -m tests.run unit server    only these
SOAK=20 python -m tests.run replicas    one stage again and again (`make soak`)
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.docker_engine import DockerEngine
from tests.notebooks.lessons import lessons_of
from tests.pinned import forget_settings, pinned_environment
from tests.system import ensure_system_packages

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
STOP_TIMEOUT = 30.0  # seconds for a stage to tidy up after Ctrl-C
PYTEST = (sys.executable, "-m", "pytest")
TWO = ("-n", "2", "--dist", "loadfile")  # half the time; each worker has a server of its own
PLUGIN = ("-p", "tests.notebooks.plugin")
NBVAL = (
    *(*PLUGIN, "--nbval", "--nbval-cell-timeout=60"),
    "--nbval-sanitize-with=tests/notebooks/sanitize.cfg",
)
OWN_STACK = ("-p", "tests.notebooks.own_stack")
STACK_PANELS = "tests/browser/docker"
CONFORMANCE = ("-p", "tests.conformance.engine", "tests/conformance")
EMBEDDED, OPEN = (
    tuple(str(path.relative_to(ROOT)) for path in lessons_of(lane)) for lane in ("embedded", "open")
)
NOT_OPEN = tuple(f"--ignore={path}" for path in OPEN)
# On another lane than the stored outputs come from: the cells' own assertions decide.
NBVAL_LAX = (
    *(*PLUGIN, *OWN_STACK, "-p", "tests.notebooks.open_lane"),
    *("--nbval-lax", "--nbval-cell-timeout=60"),
)
SOLUTIONS = "tests/notebooks/test_exercises.py"


@dataclass(frozen=True)
class Stage:
    """A part of the tests, one process.

    Attributes:
        name: what `python -m tests.run` calls it.
        lane: where its deployment runs.
        command: what to run; it also gets `--junitxml=…`, from which the counts are read.
        needs: makes sure of what the system must have; returns a sentence if it is missing.
        docker: whether it gets the Docker engine, which all such stages share.
    """

    name: str
    lane: str
    command: tuple[str, ...]
    needs: Callable[[], str | None] = lambda: None
    docker: bool = False


ENGINE = DockerEngine()
STAGES = (
    Stage("unit", "none", (*PYTEST, *TWO, "tests/unit")),
    Stage("server", "embedded", (*PYTEST, *TWO, "tests/server")),
    Stage(
        "notebooks",
        "embedded",
        (*PYTEST, *NBVAL, *NOT_OPEN, "-m", "not docker", "notebooks", "tests/notebooks"),
    ),
    Stage(
        "browser",
        "embedded",
        (*PYTEST, "tests/browser", f"--ignore={STACK_PANELS}"),
        needs=ensure_system_packages,
    ),
    Stage("docker", "open", (*PYTEST, "tests/docker"), docker=True),
    Stage("panels", "open", (*PYTEST, STACK_PANELS), needs=ensure_system_packages, docker=True),
    Stage("conformance", "open", (*PYTEST, *TWO, *CONFORMANCE), docker=True),
    Stage("lanes", "open", (*PYTEST, *NBVAL_LAX, *EMBEDDED), docker=True),
    Stage("lessons", "open", (*PYTEST, *OWN_STACK, *NBVAL, *OPEN), docker=True),
    Stage("solutions", "open", (*PYTEST, *OWN_STACK, "-m", "docker", SOLUTIONS), docker=True),
)
SOAK = Stage("replicas", "open", (*PYTEST, "tests/docker/test_replicas.py"), docker=True)
TIDY = Stage("tidy", "open", ())  # what became of the engine after the last stage


@dataclass(frozen=True)
class Result:
    """What became of a stage; `note` says why it could not run or what went wrong."""

    stage: Stage
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""


_FOREIGN = re.compile(r"^(OPENAI|ANTHROPIC|OLLAMA|LANGSMITH|LANGCHAIN)_|^PYTHONDONTWRITEBYTECODE$")


def stage_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of all stages: pinned, and without anyone's keys and providers."""
    return pinned_environment({k: v for k, v in environ.items() if not _FOREIGN.search(k)})


def run_stage(stage: Stage) -> Result:
    """Run a stage with its output shown as it comes; a stage that cannot run says why."""
    print(f"\n=== {stage.name} ===", flush=True)
    if missing := stage.needs() or (ENGINE.start() if stage.docker else None):
        print(f"Could not run: {missing}", flush=True)
        in_ci = bool(os.environ.get("CI"))
        return Result(stage, failed=int(in_ci), note=f"could not run: {missing}")
    report = BUILD / f"{stage.name}.xml"
    report.unlink(missing_ok=True)
    start = time.monotonic()
    prefix, environ = (ENGINE.prefix, ENGINE.environ) if stage.docker else ([], {})
    code = _run([*prefix, *stage.command, f"--junitxml={report}"], environ)
    return read_report(stage, report, code, time.monotonic() - start)


def leave_engine() -> list[Result]:
    """Leave the Docker engine; what the tests have left behind in or of it is a failure."""
    for stopped in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopped, signal.SIG_IGN)  # an impatient second Ctrl-C leaves nothing behind
    start = time.monotonic()
    left = ENGINE.close()
    if left is None:
        return []
    note = f"left behind: {', '.join(left)}" if left else "nothing left behind"
    print(f"\nDocker: {note}", flush=True)
    seconds = time.monotonic() - start
    return [Result(TIDY, int(not left), len(left), seconds=seconds, note=note if left else "")]


def _run(command: list[str], environ: Mapping[str, str]) -> int:
    """Run a command to its end. When this process is stopped, so is the command, tidily.

    It is in its own process group so that Ctrl-C reaches it once, through here.
    """
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**stage_environment(os.environ), **environ},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        _stop(process)
        raise


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a stage, which lets its fixtures tidy up; end whatever is left after that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C leaves nothing behind
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
    for survivor in psutil.wait_procs(family, timeout=STOP_TIMEOUT)[1]:
        survivor.kill()


def read_report(stage: Stage, report: Path, code: int, seconds: float) -> Result:
    """Read a stage's counts from its JUnit file; no file or no test is a failure."""
    suites = ET.parse(report).getroot().iter("testsuite") if report.exists() else []
    count = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        for name in count:
            count[name] += int(suite.get(name, 0))
    failed, skipped = count["failures"] + count["errors"], count["skipped"]
    passed, note = count["tests"] - failed - skipped, ""
    if code != 0 and not failed:
        failed, note = 1, f"ended with code {code}" if count["tests"] else "no test was found"
    return Result(stage, passed, failed, skipped, seconds, note)


def summary(results: list[Result]) -> str:
    """Return a table of what ran where, and as its last line the totals."""
    lines = [f"{'stage':<13}{'lane':<10}{'passed':>7}{'failed':>7}{'skipped':>8}{'seconds':>9}"]
    for r in results:
        counts = f"{r.passed:>7}{r.failed:>7}{r.skipped:>8}{r.seconds:>9.1f}"
        lines.append(f"{r.stage.name:<13}{r.stage.lane:<10}{counts}  {r.note}".rstrip())
    skipped = sum(r.skipped for r in results)
    totals = f"{sum(r.passed for r in results)} passed, {sum(r.failed for r in results)} failed"
    return "\n".join(["", *lines, "", totals + (f", {skipped} skipped" if skipped else "")])


def main(names: list[str]) -> int:
    """Run the named stages, or all of them, and return the exit code."""
    known = {stage.name: stage for stage in (*STAGES, SOAK)}
    if unknown := set(names) - set(known):
        sys.exit(f"No such stage: {', '.join(unknown)} (there is {', '.join(known)}).")
    BUILD.mkdir(exist_ok=True)
    forget_settings()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tidy up as on Ctrl-C
    results = []
    try:
        try:
            for stage in [known[name] for name in names] or STAGES:
                results.append(run_stage(stage))
        finally:
            results += leave_engine()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    print(summary(results), flush=True)
    return int(any(result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
