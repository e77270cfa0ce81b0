"""Under load while every container is killed at random: nothing acknowledged is lost or doubled.

`make test` runs the short version, `make soak` the long one. The figures, the histogram of recovery
times and the server's log are in `build/crash-load.txt`, `.svg` and `.log`.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from course_helpers.core.settings import ROOT
from course_helpers.stack import lifecycle
from course_helpers.stack.compose import API
from course_helpers.stack.containers import read_log
from tests.docker.crash_figure import draw
from tests.docker.crash_killer import SERVICES
from tests.docker.crash_load import LONG, SHORT, crash
from tests.docker.crash_report import read_outcome, table
from tests.docker.helpers import container_id

LOAD = LONG if int(os.environ.get("SOAK", "1")) > 1 else SHORT
TOKENS_PER_SECOND = "10"  # with which a run takes 1 to 2 s, so that a kill hits several
BUILD = ROOT / "build"


@pytest.mark.timeout(600)
async def test_nothing_is_lost_or_doubled(
    fresh: None, settings_file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file(OFFLINE_TOKENS_PER_SECOND=TOKENS_PER_SECOND)
    lifecycle.up()
    requests, kills = await crash(LOAD)
    outcome = read_outcome(LOAD, requests, kills)
    (BUILD / "crash-load.txt").write_text(table(outcome) + "\n")
    (BUILD / "crash-load.log").write_text(read_log(container_id(API), 100_000))
    draw(outcome, BUILD / "crash-load.svg")
    with capsys.disabled():
        print(f"\n{table(outcome)}")
    assert [request for request in requests if not request.run_id] == []
    assert outcome.lost == []
    assert outcome.doubled == []
    assert outcome.doubled_todos == []
    assert outcome.lost_todos == []
    assert set(outcome.statuses) == {"success"}
    assert len(requests) > LOAD.threads
    assert all(outcome.recoveries(service) for service in SERVICES), "a kill must hit some run"
