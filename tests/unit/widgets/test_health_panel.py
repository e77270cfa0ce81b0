"""The health panel without a browser and without a server."""

from __future__ import annotations

import pytest

from course_helpers.core.findings import Finding
from course_helpers.widgets import HealthPanel, health_panel
from tests.unit.widgets.widget_backend import ATTACK, DEPLOYMENT, URL, Markup, shown, static, until

GOOD = Finding("Server", True, f"{URL} answers in 5 ms")
BAD = Finding("Server", False, f"nothing answers at {ATTACK}", "run the cell <again>")


async def test_health_is_checked_at_once_and_on_a_click(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [[GOOD, GOOD], [GOOD, BAD]]
    asked: list[str] = []

    def findings(url: str) -> list[Finding]:
        asked.append(url)
        return found.pop(0)

    monkeypatch.setattr(health_panel, "server_findings", findings)
    panel = HealthPanel(DEPLOYMENT)
    assert repr(panel) == "HealthPanel: 2 checks, all ok"
    assert panel.message.startswith("2 checks, all ok. Read at")
    panel.button.click()
    panel.button.click()
    await until(lambda: "1 failed: Server." in panel.message)
    assert repr(panel) == "HealthPanel: 2 checks, 1 failed: Server"
    assert asked == [URL, URL]
    for markup in (shown(panel), static(panel)):
        assert ">FAIL</span>" in markup
        assert "run the cell &lt;again&gt;" in markup
        assert not {"script", "img"} & set(Markup(markup).tags)


async def test_a_check_that_breaks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(url: str) -> list[Finding]:
        raise OSError("disk on fire")

    monkeypatch.setattr(health_panel, "server_findings", broken)
    panel = HealthPanel(DEPLOYMENT)
    assert "OSError: disk on fire" in panel.message
    assert repr(panel) == "HealthPanel: nothing checked yet"
