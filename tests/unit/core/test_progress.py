"""Progress, printed only when something takes longer."""

from __future__ import annotations

import sys

import pytest

from course_helpers.core import progress


@pytest.mark.parametrize("terminal", [True, False])
def test_it_is_shown_only_when_it_takes_longer(
    terminal: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = iter([0.0, 1.0, 2.0, 2.05, 8.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    chunks = [bytes(1_000_000)] * 4
    assert list(progress.with_progress(chunks, "Postgres", 4_000_000)) == chunks
    first, last = "  Postgres: 2 of 4 MB, 1 MB/s", "  Postgres: 4 of 4 MB, 0 MB/s"
    said = capsys.readouterr().out
    if terminal:
        assert said == f"\r{first}\x1b[K\r{last}\x1b[K\n"
    else:
        assert said == f"{first}\n{last}\n"
