"""Double-texting with the course's graph on `langgraph dev`, again and again: only `make soak`.

The lesson itself goes through each flow once, in `make test`.
"""

from __future__ import annotations

import os

import pytest

from course_helpers.lanes import Deployment
from tests.double_texting import EXPECTED, outcome

REPETITIONS = range(int(os.environ.get("SOAK", "1")))

pytestmark = pytest.mark.server


@pytest.mark.parametrize("_repetition", REPETITIONS)
@pytest.mark.parametrize(("strategy", "after"), EXPECTED)
async def test_outcome(server: Deployment, strategy: str, after: str, _repetition: int) -> None:
    async with server.client as client:
        assert await outcome(client, strategy, after) == EXPECTED[strategy, after]
