"""`make test`: run the stages, then sum up what ran on which lane.

Most of them mostly wait, so that they run beside each other, in tracks (`tests/stages.py`).

python -m tests.run                every stage
python -m tests.run unit server    only these, one after the other
SOAK=20 python -m tests.run soak soak-stack replicas crashes    `make soak`: again and again, and long
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import IO

import psutil

from tests.docker_engine import DockerEngine
from tests.pinned import BUILD, ROOT, forget_settings, pinned_environment
from tests.stages import FIRST, LAST, MAIN, SOAK, STAGES, TIDY, Stage

STOP_TIMEOUT = 30.0  # seconds for a stage to tidy up after Ctrl-C
ENGINE = DockerEngine()


@dataclass(frozen=True)
class Result:
    """What became of a stage; `note` says why it could not run or what went wrong.

    `failures` are the tests that failed, each with its message.
    """

    stage: Stage
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""
    failures: tuple[str, ...] = ()


_COLOUR = re.compile(r"(#x1B|\x1b)\[\d+m")  # as nbval and JUnit write it
_FOREIGN = re.compile(r"^(OPENAI|ANTHROPIC|OLLAMA|LANGSMITH|LANGCHAIN)_|^PYTHONDONTWRITEBYTECODE$")


def stage_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of all stages: pinned, and without anyone's keys and providers."""
    return pinned_environment({k: v for k, v in environ.items() if not _FOREIGN.search(k)})


def missing(stage: Stage) -> str | None:
    """Make sure of what a stage needs; return a sentence if it is not there."""
    return stage.needs() or (ENGINE.start() if stage.docker else None)


def run_stage(stage: Stage, output: IO[str] | None = None) -> Result:
    """Run a stage; one that cannot run says why.

    Args:
        stage: what to run.
        output: where what it prints goes; without it, it is shown as it comes.
    """
    print(f"\n=== {stage.name} ===", flush=True, file=output)
    if why := missing(stage):
        print(f"Could not run: {why}", flush=True, file=output)
        in_ci = bool(os.environ.get("CI"))
        return Result(stage, failed=int(in_ci), note=f"could not run: {why}")
    report = BUILD / f"{stage.name}.xml"
    report.unlink(missing_ok=True)
    start = time.monotonic()
    prefix, environ = (ENGINE.prefix, ENGINE.environ) if stage.docker else ([], {})
    environ = {**environ, "COURSE_ENV_FILE": str(stage.settings)}
    code = _run([*prefix, *stage.command, f"--junitxml={report}"], environ, output)
    return read_report(stage, report, code, time.monotonic() - start)


class Beside(threading.Thread):
    """Runs stages beside this thread, and shows what each has printed when it has ended.

    Args:
        stages: what to run, one after the other.

    Attributes:
        results: of the stages that have ended.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        super().__init__()
        self._stages, self._stopped = stages, False
        self.results: list[Result] = []

    def run(self) -> None:
        """Run the stages, until stopped."""
        for stage in self._stages:
            if self._stopped:
                return
            with (BUILD / f"{stage.name}.log").open("w+", encoding="utf-8") as output:
                self.results.append(run_stage(stage, output))
                output.seek(0)
                print(output.read(), flush=True)

    def stop(self) -> None:
        """Stop what runs, tidily, and begin no other stage."""
        self._stopped = True
        for process in list(_running):
            _stop(process)
        self.join()


def run_all() -> list[Result]:
    """Run every stage: one after the other in a track, and the tracks beside each other."""
    results = [run_stage(stage) for stage in STAGES if stage.track == FIRST]
    for stage in STAGES:
        missing(stage)  # one after the other: two may want to install packages
    _make_images()
    tracks = dict.fromkeys(stage.track for stage in STAGES)
    others = [Beside(_stages_of(track)) for track in tracks if track not in (FIRST, MAIN, LAST)]
    for track in others:
        track.start()
    try:
        results += [run_stage(stage) for stage in _stages_of(MAIN)]
        for track in others:
            track.join()
    except KeyboardInterrupt:
        for track in others:
            track.stop()
        raise
    results += [run_stage(stage) for stage in _stages_of(LAST)]
    results += [result for track in others for result in track.results]
    return sorted(results, key=lambda result: STAGES.index(result.stage))


def _stages_of(track: str) -> list[Stage]:
    return [stage for stage in STAGES if stage.track == track]


def _make_images() -> None:
    """Make the images once: else each track would make them, at the same time."""
    if any(stage.docker for stage in STAGES) and ENGINE.start() is None:
        print("\n=== images ===", flush=True)
        command = [*ENGINE.prefix, sys.executable, "-m", "tests.docker.project"]
        _run(command, ENGINE.environ)  # a failure is that of each stage that needs one


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


_running: set[subprocess.Popen[bytes]] = set()


def _run(command: list[str], environ: Mapping[str, str], output: IO[str] | None = None) -> int:
    """Run a command to its end. When this process is stopped, so is the command, tidily.

    It is in its own process group so that Ctrl-C reaches it once, through here.
    """
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**stage_environment(os.environ), **environ},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output and subprocess.STDOUT,
        start_new_session=True,
    )
    _running.add(process)
    try:
        return process.wait()
    except KeyboardInterrupt:
        _stop(process)
        raise
    finally:
        _running.discard(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a stage, which lets its fixtures tidy up; end whatever is left after that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C leaves nothing behind
    with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
        stage = psutil.Process(process.pid)
        family = [stage, *stage.children(recursive=True)]
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        for survivor in psutil.wait_procs(family, timeout=STOP_TIMEOUT)[1]:
            survivor.kill()


def read_report(stage: Stage, report: Path, code: int, seconds: float) -> Result:
    """Read a stage's counts from its JUnit file; no file or no test is a failure."""
    suites = list(ET.parse(report).getroot().iter("testsuite")) if report.exists() else []
    count = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        for name in count:
            count[name] += int(suite.get(name, 0))
    failures = tuple(line for suite in suites for line in _failures(suite))
    failed, skipped = count["failures"] + count["errors"], count["skipped"]
    passed, note = count["tests"] - failed - skipped, ""
    if code != 0 and not failed:
        failed, note = 1, f"ended with code {code}" if count["tests"] else "no test was found"
    return Result(stage, passed, failed, skipped, seconds, note, failures)


def _failures(suite: ET.Element) -> Iterator[str]:
    """Yield what failed in a suite, each with its message."""
    for case in suite.iter("testcase"):
        for found in (*case.iterfind("failure"), *case.iterfind("error")):
            message = _COLOUR.sub("", found.get("message", "")).strip()
            yield f"{case.get('classname')}::{case.get('name')}\n{indent(message, '    ')}"


def summary(results: list[Result]) -> str:
    """Return what failed, a table of what ran where, and as its last line the totals."""
    failures = [f"FAILED {each}" for result in results for each in result.failures]
    lines = [f"{'stage':<13}{'lane':<10}{'passed':>7}{'failed':>7}{'skipped':>8}{'seconds':>9}"]
    for r in results:
        counts = f"{r.passed:>7}{r.failed:>7}{r.skipped:>8}{r.seconds:>9.1f}"
        lines.append(f"{r.stage.name:<13}{r.stage.lane:<10}{counts}  {r.note}".rstrip())
    skipped = sum(r.skipped for r in results)
    totals = f"{sum(r.passed for r in results)} passed, {sum(r.failed for r in results)} failed"
    return "\n".join(
        ["", *failures, "", *lines, "", totals + (f", {skipped} skipped" if skipped else "")]
    )


def main(names: list[str]) -> int:
    """Run the named stages, or all of them, and return the exit code."""
    known = {stage.name: stage for stage in (*STAGES, *SOAK)}
    if unknown := set(names) - set(known):
        sys.exit(f"No such stage: {', '.join(unknown)} (there is {', '.join(known)}).")
    BUILD.mkdir(exist_ok=True)
    forget_settings()
    for stopping in (signal.SIGINT, signal.SIGTERM):  # a shell may start it with the first ignored
        signal.signal(stopping, signal.default_int_handler)
    results: list[Result] = []
    try:
        try:
            results += [run_stage(known[name]) for name in names] if names else run_all()
        finally:
            results += leave_engine()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    print(summary(results), flush=True)
    return int(any(result.failed for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
