"""Whether this machine, or the settings and a server, are as they should be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from course_helpers.core.findings import Finding, findings_html, summarise
from course_helpers.doctor import examine, result_code, server_findings
from course_helpers.lanes import Deployment
from course_helpers.widgets.panel import Panel


class HealthPanel(Panel):
    """The doctor's findings, with a button to check again.

    `HealthPanel(server)` checks a deployment at once. `HealthPanel()` checks this machine in
    the background, which takes up to three seconds; `await panel.refresh()` waits for it.

    Args:
        deployment: what `connect()` returned; without it, this machine is checked.

    Attributes:
        findings: the last ones.
    """

    def __init__(self, deployment: Deployment | None = None) -> None:
        what = "the settings and the server" if deployment else "this machine"
        super().__init__("Health", "Check again", f"Check {what} again")
        self._url = deployment.url if deployment else None
        self.findings: Sequence[Finding] = ()
        if self._url is not None:
            with self._outcome_shown():
                self.findings = server_findings(self._url)
        else:
            self._say("Checking this machine. This takes up to three seconds.")
            self._task = self._loop.create_task(self._refresh())

    def summary(self) -> str:
        """Return how many checks there were and which failed."""
        return summarise(self.findings) if self.findings else "nothing checked yet"

    def body_html(self) -> str:
        """Return the findings as a table; for this machine with the result code."""
        if not self.findings:
            return "<p>Nothing checked yet.</p>"
        table = findings_html(self.findings)
        if self._url is not None:
            return table
        code = result_code(self.findings)
        return f"{table}<p>Result code, for your instructor: <code>{code}</code></p>"

    async def _read(self) -> None:
        if self._url is None:
            self.findings = await asyncio.to_thread(examine)
        else:
            self.findings = await asyncio.to_thread(server_findings, self._url)
