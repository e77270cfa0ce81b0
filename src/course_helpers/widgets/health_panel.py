"""Whether the settings and the server are as they should be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from course_helpers.doctor import Finding, findings_html, server_findings
from course_helpers.lanes import Deployment
from course_helpers.widgets.panel import Panel


class HealthPanel(Panel):
    """The doctor's findings about a deployment, with a button to check again.

    Args:
        deployment: what `connect()` returned.

    Attributes:
        findings: the last ones.
    """

    def __init__(self, deployment: Deployment) -> None:
        super().__init__("Health", "Check again", "Check the settings and the server again")
        self._url = deployment.url
        self.findings: Sequence[Finding] = ()
        with self._outcome_shown():
            self.findings = server_findings(self._url)

    def summary(self) -> str:
        """Return how many checks there were and which failed."""
        failed = [finding.name for finding in self.findings if not finding.ok]
        if not self.findings:
            return "nothing checked yet"
        verdict = f"{len(failed)} failed: {', '.join(failed)}" if failed else "all ok"
        return f"{len(self.findings)} checks, {verdict}"

    def body_html(self) -> str:
        """Return the findings as a table."""
        return findings_html(self.findings)

    async def _read(self) -> None:
        self.findings = await asyncio.to_thread(server_findings, self._url)
