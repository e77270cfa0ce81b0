"""The thread explorer on the stack: what `tests/server` asks of it, with another server."""

from __future__ import annotations

import pytest

from course_helpers import lanes
from course_helpers.lanes import Deployment
from tests.server.test_explorer import (  # noqa: F401 - collected here too
    test_a_broken_line_loses_no_token,
    test_a_fork_goes_another_way_and_the_old_one_stays,
    test_a_message_begins_a_thread_and_the_user_is_the_shown_one,
    test_a_run_that_stopped_is_approved_or_edited,
    test_a_run_without_tokens_shows_its_steps,
    test_a_thread_is_copied_and_the_copy_deleted,
    test_tokens_of_another_client_appear_as_they_stream,
)


@pytest.fixture(scope="module")
def server(running: str) -> Deployment:
    deployment = lanes.connect("open")
    assert deployment.url == running
    return deployment
