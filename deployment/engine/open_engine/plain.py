"""Anything that a graph may hold, as JSON that Postgres takes and a LangGraph server would send."""

from __future__ import annotations

import json
from typing import Any

from aegra_api.core.serializers import GeneralSerializer


def to_plain(value: Any) -> Any:
    """Return a value as JSON-compatible data; NaN and infinity become null, as JSON has neither."""
    written = json.dumps(value, default=GeneralSerializer().serialize)
    return json.loads(written, parse_constant=lambda _: None)
