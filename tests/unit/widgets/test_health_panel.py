"""The health panel without a browser and without a server."""

from __future__ import annotations

import asyncio
import threading

import pytest

from course_helpers.core.findings import Finding, Findings
from course_helpers.doctor import result_code
from course_helpers.widgets import HealthPanel, health_panel
from tests.unit.doctor.examined import FOUND
from tests.unit.shared import EVIL
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


async def test_the_panel_says_that_it_checks_and_fills_itself_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []
    gate = threading.Event()

    def slow() -> Findings:
        asked.append(gate.wait(5))
        return Findings([*FOUND[:-1], Finding("Port 8123", False, EVIL, "docker ps", "04")])

    monkeypatch.setattr(health_panel, "examine", slow)
    panel = HealthPanel()
    assert panel.message == "Checking this machine. This takes up to three seconds."
    assert repr(panel) == "HealthPanel: nothing checked yet"
    assert "Nothing checked yet" in panel.static_html()
    await asyncio.sleep(0)
    assert panel.button.disabled
    gate.set()
    await panel.refresh()
    assert asked == [True]  # joined, not repeated
    assert repr(panel) == "HealthPanel: 22 checks, 1 failed: Model, 2 for later lessons"
    shown = panel._body.value
    assert '<span class="later">later</span>' in shown
    assert "From lesson 04 on: <code>docker ps</code>" in shown
    assert f"<code>{result_code(panel.findings)}</code>" in shown
    assert "<script" not in shown
    assert shown in panel.static_html()


async def test_a_broken_examination_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Findings:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(health_panel, "examine", broken)
    panel = HealthPanel()
    await panel.refresh()
    assert "RuntimeError: can't start new thread" in panel.message
    panel.close()
