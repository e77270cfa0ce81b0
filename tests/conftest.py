"""The tests have a settings file of their own: a learner's `deployment/.env` is never read."""

from __future__ import annotations

import os

from tests.pinned import PINNED

os.environ["COURSE_ENV_FILE"] = PINNED["COURSE_ENV_FILE"]
