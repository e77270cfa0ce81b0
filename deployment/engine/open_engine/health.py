"""`GET /ok`, where a LangGraph server says that it is ready.

Aegra says the same under `/ready`. That address, `/health` and `/live` do not exist on a LangGraph
server, so that they are hidden: what works here must work there.
"""

from __future__ import annotations

from aegra_api.core.health import readiness_check
from fastapi import APIRouter, HTTPException, Request

router = APIRouter(tags=["Health"])


@router.get("/ok")
async def ok(request: Request) -> dict[str, bool]:
    """Answer when Postgres does; the graphs have been loaded before the server listens."""
    await readiness_check(request)
    return {"ok": True}


@router.get("/health", include_in_schema=False)
@router.get("/live", include_in_schema=False)
@router.get("/ready", include_in_schema=False)
async def hidden() -> None:
    """Answer as a LangGraph server would."""
    raise HTTPException(404, "Not Found")
