"""The histogram of recovery times, as a figure that every browser shows."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from tests.docker.crash_killer import SERVICES
from tests.docker.crash_report import Outcome

COLOURS = ("#0072b2", "#d55e00", "#009e73")  # told apart by all
ABOUT = "How many runs ended how many seconds after the kill of a container, by service"


def draw(outcome: Outcome, path: Path) -> Figure:
    """Draw how many runs ended how many seconds after the kill that hit them.

    Args:
        outcome: of a crash test.
        path: where the SVG file goes.
    """
    recoveries = {service: outcome.recoveries(service) for service in SERVICES}
    last = max((seconds for hit in recoveries.values() for seconds in hit), default=0)
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    axes.hist(
        list(recoveries.values()),
        bins=range(int(last) + 2),
        stacked=True,
        color=COLOURS,
        label=[f"{service}: {len(hit)} runs" for service, hit in recoveries.items()],
    )
    axes.set(xlabel="seconds from a kill to the end of a run that it hit", ylabel="runs")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.legend(title="killed")
    figure.savefig(path, metadata={"Title": "Recovery after a kill", "Description": ABOUT})
    return figure
