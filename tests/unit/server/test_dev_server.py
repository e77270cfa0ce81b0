"""Why `langgraph dev` did not start, from its log."""

from __future__ import annotations

import pytest

from course_helpers.server.dev_server import _cause


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (
            "Traceback (most recent call last):\n"
            "langgraph_api.utils.errors.GraphLoadError: Failed to load graph 'g': division by zero\n"
            "2026-03-04T09:00:00Z [error ] Application startup failed. Exiting.\n",
            "GraphLoadError: Failed to load graph 'g': division by zero",
        ),
        (
            "x.GraphLoadError: Could not find graph 'graph' in 'g.py'. Please check that:\n1. ...\n",
            "GraphLoadError: Could not find graph 'graph' in 'g.py'",
        ),
        ("Usage: langgraph dev\nError: no such option: --x\n", "Error: no such option: --x"),
        ("killed\n\n", "killed"),
        ("", "no output"),
    ],
)
def test_the_cause_is_found_in_a_log(log: str, cause: str) -> None:
    assert _cause(log) == cause
