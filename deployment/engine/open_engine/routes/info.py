"""What the server says of itself: ready, its versions, its numbers.

Aegra says that it is ready under `/ready`. That address, `/health` and `/live` do not exist on a
LangGraph server, so that they are hidden: what works here must work there.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Literal

import prometheus_client
from aegra_api.core.health import readiness_check
from aegra_api.core.orm import Run, _get_session_maker
from aegra_api.services.run_status import ACTIVE_RUN_STATES
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import func, select

from open_engine import AEGRA_VERSION

router = APIRouter(tags=["Server"])


@router.get("/ok")
async def ok(request: Request) -> dict[str, bool]:
    """Answer if Postgres does; the graphs have been loaded before the server listens."""
    await readiness_check(request)
    return {"ok": True}


@router.get("/info")
async def info() -> dict[str, Any]:
    """Say which server this is."""
    return {
        "name": "Aegra",
        "version": AEGRA_VERSION,
        "langgraph_py_version": version("langgraph"),
        "flags": {"assistants": True, "crons": True, "langsmith": False},
    }


@router.get("/metrics")
async def metrics(format: Literal["prometheus", "json"] = "prometheus") -> Response:
    """Return numbers for Prometheus, or those of the queue as JSON."""
    if format == "json":
        return JSONResponse({"queue": await _queue()})
    return Response(
        prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST
    )


async def _queue() -> dict[str, int]:
    active = select(Run.status, func.count()).where(Run.status.in_(ACTIVE_RUN_STATES))
    async with _get_session_maker()() as session:
        counts = dict((await session.execute(active.group_by(Run.status))).all())
    return {"n_pending": counts.get("pending", 0), "n_running": counts.get("running", 0)}


@router.get("/health", include_in_schema=False)
@router.get("/live", include_in_schema=False)
@router.get("/ready", include_in_schema=False)
async def hidden() -> None:
    """Answer as a LangGraph server would."""
    raise HTTPException(404, "Not Found")
