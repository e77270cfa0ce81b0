"""The webhook of a run: a POST with the run and its result when it has ended. Aegra has none."""

from __future__ import annotations

import asyncio
import ipaddress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from aegra_api.core.orm import Run, Thread
from tenacity import AsyncRetrying, RetryError, stop_after_attempt, wait_exponential

from open_engine.execution.failures import error_of
from open_engine.state.views import run_view

logger = structlog.get_logger(__name__)
TIMEOUT = 10.0  # seconds for each try
TRIES = 3

_underway: set[asyncio.Task[None]] = set()


def check_url(url: str) -> str:
    """Return a URL that may be called.

    Raises:
        ValueError: it is not an HTTP address, or it is one of the server's own machine, where
            services may listen that clients must not reach.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{url!r} is not the address of a server")
    try:
        own = ipaddress.ip_address(host).is_loopback
    except ValueError:
        own = host == "localhost" or host.endswith(".localhost")
    if own:
        raise ValueError(f"{url!r} is on the server's own machine")
    return url


def result_of(run: Run, thread: Thread | None) -> dict[str, Any]:
    """Return what a webhook is told about a run that has ended."""
    error = error_of(run)
    return {
        **run_view(run),
        "values": run.output,
        "thread_metadata": thread.metadata_json if thread else {},
        "run_started_at": run.created_at.isoformat(),
        "run_ended_at": run.updated_at.isoformat(),
        **({"error": error} if error else {}),
    }


def deliver(url: str, result: dict[str, Any]) -> None:
    """Send a result to a URL in the background, so that no client waits for it."""
    task = asyncio.create_task(_deliver(url, result))
    _underway.add(task)
    task.add_done_callback(_underway.discard)


async def _deliver(url: str, result: dict[str, Any]) -> None:
    retry = AsyncRetrying(stop=stop_after_attempt(TRIES), wait=wait_exponential(max=5))
    try:
        async for attempt in retry:
            with attempt:
                body = {**result, "webhook_sent_at": datetime.now(UTC).isoformat()}
                async with httpx.AsyncClient(timeout=TIMEOUT) as client:
                    (await client.post(url, json=body)).raise_for_status()
    except RetryError:
        logger.warning("A webhook could not be delivered", url=url, run_id=result["run_id"])
