"""The pages of a search; headers say where the next one begins, for langgraph-sdk to read."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse


def page(found: list[Any], limit: int, offset: int) -> JSONResponse:
    """Return one page of a search.

    Args:
        found: up to `limit` + 1 results, as JSON-compatible data: one more than is shown says that
            there is a next page.
        limit: how many to show.
        offset: how many came before.
    """
    end = offset + min(len(found), limit)
    more = len(found) > limit
    headers = {"X-Pagination-Total": str(end + more)}
    if more:
        headers["X-Pagination-Next"] = str(end)
    return JSONResponse(found[:limit], headers=headers)
