"""What a practice container is waited for, with a stand-in for Docker's command line."""

from __future__ import annotations

import pytest

from course_helpers.core.errors import ServerError
from course_helpers.core.processes import Answer
from course_helpers.practice import waiting


def test_a_container_that_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    state = '{"Status": "exited", "ExitCode": 1}'
    monkeypatch.setattr(waiting, "run", lambda *_: Answer(0, out=state))
    log = "engine: REDIS_URI is not set: the server has no queue. To fix it: make up."
    monkeypatch.setattr(waiting, "read_log", lambda name: log)
    with pytest.raises(ServerError, match="agent: REDIS_URI is not set"):
        waiting.wait_until_ready("lesson-agent", "agent", lambda: False)
