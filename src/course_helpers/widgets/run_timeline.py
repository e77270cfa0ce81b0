"""The runs of one thread on a time axis, and what became of them.

The markup is a list with a row for each run, and only the style draws the bars: without it, and
to a screen reader, it is a list with the same words and numbers.
"""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from course_helpers.lanes import Deployment
from course_helpers.server.runs import ROLLED_BACK, RUNS, RunView, moment, read_runs
from course_helpers.widgets.server_panel import ServerPanel

NAMED = 10  # runs whose states the summary names one by one
MARKS = {  # a shape for each state, so that it does not depend on colour
    **{"pending": "○", "running": "▸", "success": "✓", "interrupted": "‖"},
    **{"error": "✗", "timeout": "✗", ROLLED_BACK: "↶"},
}
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200)
_TICKS = 4  # at most, after the zero
_LEGEND = (
    "<p>A row for each run, the oldest on top; the axis counts from when the first one was created."
    ' <span class="course-key"><span class="wait"></span> it waits</span>'
    ' <span class="course-key"><span class="ran"></span> it runs</span></p>'
)
_DELETED = "<p>{}: the server has deleted what was rolled back; this panel saw it before.</p>"


class RunTimeline(ServerPanel):
    """The runs of a thread: how long each waited and ran, and how it ended.

    Make it in a notebook cell with `await RunTimeline.load(server, thread_id)`. The server deletes
    a run that is rolled back; the panel shows it if it has read it before.

    Args:
        deployment: what `connect()` returned.
        thread_id: the thread's UUID.

    Attributes:
        runs: what was read, the oldest first.
    """

    def __init__(self, deployment: Deployment, thread_id: str) -> None:
        super().__init__(deployment, "Runs of a thread", "Read the runs again")
        self._thread_id = thread_id
        self._read_at = datetime.now(UTC)
        self.runs: Sequence[RunView] = ()
        self._say("Press Refresh to read the runs.")

    @classmethod
    async def load(cls, deployment: Deployment, thread_id: str) -> RunTimeline:
        """Return a timeline that has read its data; the arguments are the class's."""
        panel = cls(deployment, thread_id)
        await panel.refresh()
        return panel

    def summary(self) -> str:
        """Return the runs' states, the oldest first; of many runs, how many are in each state."""
        states = [run.status for run in self.runs]
        if len(states) > NAMED:
            states = [f"{number} {state}" for state, number in Counter(states).items()]
        return ", ".join(states) or "no run yet"

    def body_html(self) -> str:
        """Return the picture."""
        cut = len(self.runs) >= RUNS
        note = f"<p>Only the newest {RUNS} runs are read from the server.</p>" if cut else ""
        return runs_html(self.runs, self._read_at) + note

    async def _read(self) -> None:
        async with self._client() as client:
            self.runs = await read_runs(client, self._thread_id, self.runs)
        self._read_at = datetime.now(UTC)


@dataclass(frozen=True)
class Axis:
    """A time axis: where it begins, how long it is and how far its ticks are apart, in seconds."""

    origin: datetime
    length: float
    step: float

    def percent(self, when: datetime) -> float:
        """Return where a time is on the axis, 0 to 100."""
        return 100 * (when - self.origin).total_seconds() / self.length


def runs_html(runs: Sequence[RunView], now: datetime) -> str:
    """Return the runs as a picture.

    Args:
        runs: oldest first.
        now: when they were read; the bar of a run that is under way ends there.
    """
    if not runs:
        return "<p>No run yet.</p>"
    ends = [moment(time) for run in runs for time in _times(run)]
    axis = _axis(moment(runs[0].created_at), max([*ends, now]) if _active(runs) else max(ends))
    rows = "".join(_run_row(n, run, axis, max([*ends, now])) for n, run in enumerate(runs, 1))
    undone = [f"run {n}" for n, run in enumerate(runs, 1) if run.status == ROLLED_BACK]
    note = _DELETED.format(", ".join(undone).capitalize()) if undone else ""
    return (
        f'{_LEGEND}<ol class="course-runs" role="list">{rows}</ol>'
        f'<div class="course-axis" aria-hidden="true"><span>{_ticks(axis)}</span></div>{note}'
    )


def seconds(number: float) -> str:
    """Return a duration as text, in the unit that reads best."""
    if number < 120:
        return f"{number:.1f} s"
    return f"{number / 60:.0f} min" if number < 7200 else f"{number / 3600:.1f} h"


def _active(runs: Sequence[RunView]) -> bool:
    return any(run.under_way for run in runs)


def _times(run: RunView) -> list[str]:
    return [time for time in (run.created_at, run.started_at, run.ended_at) if time]


def _axis(origin: datetime, end: datetime) -> Axis:
    span = max((end - origin).total_seconds(), _STEPS[0])
    step = next((step for step in _STEPS if step * _TICKS >= span), span / _TICKS)
    return Axis(origin, step * math.ceil(round(span / step, 6)), step)


def _ticks(axis: Axis) -> str:
    number = round(axis.length / axis.step)
    return "".join(
        f'<span style="left:{100 * n / number:g}%">{_tick(n * axis.step)}</span>'
        for n in range(number + 1)
    )


def _tick(number: float) -> str:
    return f"{number:g} s" if number < 120 else seconds(number)


def _run_row(number: int, run: RunView, axis: Axis, now: datetime) -> str:
    strategy = f"<small>{html.escape(run.strategy)}</small>" if run.strategy else ""
    mark = MARKS.get(run.status, "•")
    return (
        f"<li><span><b>{number}</b> {html.escape(run.said)} {strategy}</span>"
        f'<span class="course-track" style="--step:{100 * axis.step / axis.length:g}%" '
        f'aria-hidden="true">{_bars(run, axis, now)}</span>'
        f'<span><span class="course-mark" aria-hidden="true">{mark}</span>'
        f"<b>{html.escape(run.status)}</b> <small>{_durations(run, now)}</small></span></li>"
    )


def _bars(run: RunView, axis: Axis, now: datetime) -> str:
    """Return a run's time as a bar of up to two parts: how long it waited, how long it ran."""
    created, started, ended = _moments(run, now)
    bars = [("wait", created, started or ended)]
    if started:
        bars.append((f"ran {run.status.replace(' ', '-')}", started, ended))
    return "".join(
        f'<span class="{html.escape(kind)}" style="left:{axis.percent(begin):.2f}%;'
        f'width:{axis.percent(end) - axis.percent(begin):.2f}%"></span>'
        for kind, begin, end in bars
    )


def _moments(run: RunView, now: datetime) -> tuple[datetime, datetime | None, datetime]:
    """Return when a run was created, started and ended; one that is under way ends now.

    Servers take the three from different places, so that one may be earlier than the one before
    it: it is moved to that one.
    """
    created = moment(run.created_at)
    started = max(moment(run.started_at), created) if run.started_at else None
    last = started or created
    if run.ended_at:
        return created, started, max(moment(run.ended_at), last)
    return created, started, max(now, last) if run.under_way else last


def _durations(run: RunView, now: datetime) -> str:
    """Return how long a run waited and ran, in words."""
    created, started, ended = _moments(run, now)
    waited = seconds(((started or ended) - created).total_seconds())
    if run.status == "pending":
        return f"for {waited}"
    if started is None:
        return f"waited {waited}, no step"
    if run.status == ROLLED_BACK and run.ended_at is None:
        return f"waited {waited}"
    ran = seconds((ended - started).total_seconds())
    return f"waited {waited}, {'runs for' if run.under_way else 'ran'} {ran}"
