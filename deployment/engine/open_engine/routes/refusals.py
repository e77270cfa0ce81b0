"""How a server refuses: `{"detail": why}`, and 422 for a thread id that is not a UUID.

Aegra answers `{"error": ..., "message": ...}` to errors, a list of objects to malformed input, and
404 to an invalid id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import psycopg
from aegra_api.main import agent_protocol_exception_handler, general_exception_handler
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.dependencies.utils import get_parameterless_sub_dependant
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from langgraph.store.base import InvalidNamespaceError
from sqlalchemy.exc import DBAPIError
from starlette.routing import BaseRoute


def use_detail(app: FastAPI) -> None:
    """Answer errors as a LangGraph server does; handlers of the app that was deployed stay."""
    handlers = app.exception_handlers
    if handlers.get(HTTPException) is agent_protocol_exception_handler:
        del handlers[HTTPException]  # FastAPI's own answers with `detail`, and keeps headers
    if handlers.get(Exception) is general_exception_handler:
        handlers[Exception] = _unexpected
    handlers[RequestValidationError] = _malformed
    handlers[InvalidNamespaceError] = _wrong_namespace
    handlers[DBAPIError] = _wrong_value
    handlers[psycopg.DataError] = _unusable


async def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "Internal Server Error"}, 500)


async def _malformed(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Name each field and what is wrong with it, in one string."""
    return JSONResponse({"detail": "; ".join(map(_sentence, error.errors()))}, 422)


async def _wrong_namespace(_request: Request, error: InvalidNamespaceError) -> JSONResponse:
    return JSONResponse({"detail": f"namespace: {error}"}, 422)


async def _wrong_value(request: Request, error: DBAPIError) -> JSONResponse:
    """Answer 422 for a value that Postgres cannot store (SQLSTATE class 22), else 500."""
    if str(getattr(error.orig, "sqlstate", "")).startswith("22"):
        return await _unusable(request, error)
    return await _unexpected(request, error)


async def _unusable(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "A value is out of range, or holds a NUL character"}, 422)


def _sentence(problem: dict[str, Any]) -> str:
    if problem["type"] == "json_invalid":
        return "Invalid JSON in request body"
    source, *parts = map(str, problem["loc"])
    where = ".".join(part for part in parts if "[" not in part)  # not which type it might have been
    return f"{where or source}: {problem['msg']}"


def require_uuids(routes: Iterable[BaseRoute]) -> None:
    """Refuse a thread id that is not a UUID.

    Each route gets a dependency, added as Aegra adds those for authorisation.
    """
    for route in routes:
        if isinstance(route, APIRoute):
            if route.path.startswith("/threads/{thread_id}"):
                _add_dependency(route, _check_thread)
        elif included := getattr(route, "original_router", None):
            require_uuids(included.routes)


def _add_dependency(route: APIRoute, check: Callable[..., Any]) -> None:
    depends = Depends(check)
    route.dependencies.append(depends)  # read anew where the route's router is included
    found = get_parameterless_sub_dependant(depends=depends, path=route.path_format)
    route.dependant.dependencies.append(found)


async def _check_thread(thread_id: UUID) -> None:
    """Declare the type of the id: FastAPI refuses any other."""
