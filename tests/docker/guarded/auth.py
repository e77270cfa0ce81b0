"""One person in several organisations: each sees the threads that were made in it.

The header `X-Org` says for which organisation a request is. Everybody is the same user, so that
nothing but the handlers' filters tells the organisations apart. `barred` may do nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from langgraph_sdk import Auth

auth = Auth()
asked: Counter[str] = Counter()  # how often `create_run` was asked about each thread


@auth.authenticate
async def authenticate(headers: dict[str, str]) -> Auth.types.MinimalUserDict:
    return {"identity": "ada", "org": headers.get("x-org", "")}  # type: ignore[typeddict-unknown-key]


@auth.on.threads
async def on_threads(ctx: Auth.types.AuthContext, value: Any) -> dict[str, Any]:
    """Let an organisation act on its own threads."""
    return {"org": org_of(ctx)}


@auth.on.threads.read
async def on_read(ctx: Auth.types.AuthContext, value: Any) -> dict[str, Any]:
    """The same, in the envelope that Aegra takes too."""
    return {"metadata": {"org": org_of(ctx)}}


@auth.on.threads.create
async def on_create(ctx: Auth.types.AuthContext, value: Any) -> dict[str, Any]:
    """Write into a new thread whose it is."""
    value["metadata"]["org"] = org_of(ctx)
    return {"org": org_of(ctx)}


@auth.on.threads.create_run
async def on_create_run(ctx: Auth.types.AuthContext, value: Any) -> dict[str, Any]:
    """Tag each run with its organisation, beside the filter, and count how often this was asked."""
    thread_id = str(value["thread_id"])
    asked[thread_id] += 1
    metadata = value["metadata"] = value.get("metadata") or {}
    metadata |= {"org": org_of(ctx), "asked": asked[thread_id]}
    return {"org": org_of(ctx), "config": {"tags": [org_of(ctx)]}}


def org_of(ctx: Auth.types.AuthContext) -> str:
    """Return the caller's organisation.

    Raises:
        HTTPException: 403 for who may do nothing.
    """
    org: str = ctx.user["org"] if isinstance(ctx.user, dict) else ctx.user.org  # type: ignore[attr-defined]
    if org == "barred":
        raise Auth.exceptions.HTTPException(status_code=403, detail="barred")
    return org
