"""Double-texting with the course's graph on the stack, again and again: only `make soak`.

The lesson itself goes through each flow once, in `make test`.
"""

from __future__ import annotations

import os

import pytest
from langgraph_sdk import get_client

from tests.double_texting import EXPECTED, outcome

REPETITIONS = range(int(os.environ.get("SOAK", "1")))


@pytest.mark.parametrize("_repetition", REPETITIONS)
@pytest.mark.parametrize(("strategy", "after"), EXPECTED)
async def test_outcome(running: str, strategy: str, after: str, _repetition: int) -> None:
    async with get_client(url=running) as client:
        assert await outcome(client, strategy, after) == EXPECTED[strategy, after]
