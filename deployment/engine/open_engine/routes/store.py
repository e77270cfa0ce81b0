"""The store's routes: the namespaces that graphs use, and items with their times.

Aegra puts `["users", <identity>]` in front of a client's namespace, which its graphs do not do, so
that a client never sees what a graph has stored. A LangGraph server leaves namespaces alone; who
may see what is for the app's own auth handlers to decide. Aegra's items carry no times, and one
that is missing is an error there; here it is null.
"""

from __future__ import annotations

from typing import Annotated, Any

import aegra_api.api.store as routes
from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.auth_handlers import build_auth_context, handle_event
from aegra_api.core.database import db_manager
from aegra_api.models import StorePutRequest, StoreSearchRequest, User
from fastapi import APIRouter, Depends, HTTPException, Query, Response
from fastapi.responses import JSONResponse
from langgraph.store.base import Item

router = APIRouter(tags=["Store"], dependencies=auth_dependency)
CurrentUser = Annotated[User, Depends(get_current_user)]


def install() -> None:
    """Replace `apply_namespace_scoping`, in all of Aegra's routes that are left."""
    routes.apply_namespace_scoping = same_namespace


def same_namespace(namespace: list[str], _user: Any, **_options: Any) -> list[str]:
    """Return a namespace as the caller has named it."""
    return namespace


@router.put("/store/items", status_code=204)
async def put_item(request: StorePutRequest, user: CurrentUser) -> Response:
    """Put an item. A label with a period is refused: it would make the namespace ambiguous."""
    if wrong := [label for label in request.namespace if "." in label]:
        raise HTTPException(422, f"namespace: a label holds no period, but {wrong[0]!r} does")
    return await routes.put_store_item(request, user)


@router.get("/store/items")
async def get_item(
    user: CurrentUser, key: str, namespace: Annotated[list[str] | None, Query()] = None
) -> JSONResponse:
    """Return an item, or null."""
    asked = {"key": key, "namespace": routes._normalize_namespace(namespace)}
    asked |= await handle_event(build_auth_context(user, "store", "get"), asked) or {}
    item = await db_manager.get_store().aget(tuple(asked["namespace"]), asked["key"])
    return JSONResponse(_view(item) if item else None)


@router.post("/store/items/search")
async def search_items(request: StoreSearchRequest, user: CurrentUser) -> JSONResponse:
    """Return the items under a namespace."""
    asked = request.model_dump()
    asked |= await handle_event(build_auth_context(user, "store", "search"), asked) or {}
    try:
        found = await db_manager.get_store().asearch(
            tuple(asked["namespace_prefix"] or ()),
            query=asked["query"],
            filter=asked["filter"],
            limit=asked["limit"] or 10,
            offset=asked["offset"] or 0,
        )
    except (TypeError, ValueError) as error:  # an operator or a number that the store cannot take
        raise HTTPException(422, f"filter: {error}") from None
    return JSONResponse({"items": [_view(item) for item in found]})


def _view(item: Item) -> dict[str, Any]:
    score = getattr(item, "score", None)
    return {
        "namespace": list(item.namespace),
        "key": item.key,
        "value": item.value,
        "created_at": item.created_at.isoformat(),
        "updated_at": item.updated_at.isoformat(),
        **({} if score is None else {"score": score}),
    }
