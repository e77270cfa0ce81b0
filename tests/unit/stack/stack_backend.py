"""Services of the stack, as Docker would describe them."""

from __future__ import annotations

from typing import Any

from course_helpers.stack.containers import Service


def service(name: str = "langgraph-redis", **facts: Any) -> Service:
    known = {"image": "image", "state": "running", "health": "healthy"}
    return Service(name, "id", **{**known, **facts})


def started(**when: str) -> list[Service]:
    """Return the three services, started one after the other unless said otherwise."""
    usual = {"redis": "T01", "postgres": "T02", "api": "T03"} | when
    return [Service(f"langgraph-{n}", n, "image", "running", started=t) for n, t in usual.items()]
