"""The runs of one thread on a time axis, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from course_helpers.lanes import Deployment
from course_helpers.server.runs import RUNS, RunView, read_runs
from course_helpers.widgets.action_panel import ActionPanel
from course_helpers.widgets.run_rows import runs_html

NAMED = 10  # runs whose states the summary names one by one


class RunTimeline(ActionPanel):
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
        """Return the runs' states, the oldest first; of many, how often there is each."""
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
