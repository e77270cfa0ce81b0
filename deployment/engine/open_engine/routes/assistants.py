"""Assistants as a LangGraph server keeps them.

Aegra refuses two assistants with the same configuration (a unique index), hands out the wrong one
of them for `if_exists`, ignores `select` and `delete_threads`, deletes an assistant's runs with it,
and lets nobody change or delete the default assistants, which belong to its user `system`. A
LangGraph server does none of that; who may change what is for the app's own auth handlers to say.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from aegra_api.api import threads
from aegra_api.core.auth_deps import auth_dependency, get_current_user
from aegra_api.core.orm import (
    Assistant,
    AssistantVersion,
    Run,
    Thread,
    _get_session_maker,
    get_session,
)
from aegra_api.models import Assistant as AssistantModel
from aegra_api.models import AssistantUpdate, User
from aegra_api.services.assistant_service import to_pydantic
from aegra_api.services.langgraph_service import LangGraphService, get_langgraph_service
from aegra_api.services.run_status import ACTIVE_RUN_STATES
from fastapi import APIRouter, Body, Depends, HTTPException, Query, Response
from fastapi.responses import JSONResponse
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from open_engine.execution.cancelling import stop_run
from open_engine.routes.assistant_requests import Column, Creation, Search, VersionSearch
from open_engine.routes.assistant_service import SYSTEM, Assistants
from open_engine.routes.pages import page

router = APIRouter(tags=["Assistants"], dependencies=auth_dependency)

_AT_START = (
    # Two assistants may be the same but for their ids; Aegra's migrations make this index.
    "DROP INDEX IF EXISTS idx_assistant_user_graph_config",
    # The first versions that Aegra makes of the default assistants cannot be gone back to.
    """UPDATE assistant_versions SET config = coalesce(nullif(config, 'null'), '{}'),
        context = coalesce(nullif(context, 'null'), '{}')""",
)


async def prepare_assistants() -> None:
    """Make Aegra's tables of assistants hold what a LangGraph server's do."""
    async with _get_session_maker()() as session:
        for statement in _AT_START:
            await session.execute(text(statement))
        await session.commit()


def _service(
    session: Annotated[AsyncSession, Depends(get_session)],
    user: Annotated[User, Depends(get_current_user)],
    graphs: Annotated[LangGraphService, Depends(get_langgraph_service)],
) -> Assistants:
    return Assistants(session, user, graphs)


Service = Annotated[Assistants, Depends(_service)]


@router.post("/assistants")
async def create(request: Creation, service: Service) -> JSONResponse:
    """Make an assistant; one with a deleted default assistant's id is again everyone's."""
    service.require_graph(request.graph_id)
    chosen = request.model_copy(update={"assistant_id": str(request.assistant_id)})
    if chosen.assistant_id == service.identify(request.graph_id):
        service.act_as(SYSTEM)
    return JSONResponse(_view(await service.create_assistant(chosen)))


@router.post("/assistants/search")
async def search(request: Search, service: Service) -> JSONResponse:
    """Return the assistants that fit, the newest first unless asked otherwise."""
    service.require_graph(request.graph_id)
    column = getattr(Assistant, request.sort_by or "created_at")
    if request.sort_by in ("name", "graph_id"):
        column = func.lower(column)
    one_more = request.model_copy(update={"limit": request.limit + 1})
    found = await service.search_assistants(
        one_more, sort_column=column, sort_asc=request.sort_order == "asc"
    )
    views = [_view(assistant, request.select) for assistant in found]
    return page(views, request.limit, request.offset)


@router.post("/assistants/count")
async def count(request: Search, service: Service) -> int:
    """Return how many assistants fit."""
    service.require_graph(request.graph_id)
    return await service.count_assistants(request)


@router.get("/assistants/{assistant_id}")
async def get(assistant_id: UUID, service: Service) -> JSONResponse:
    """Return an assistant."""
    return JSONResponse(_view(await service.get_assistant(str(assistant_id))))


@router.patch("/assistants/{assistant_id}")
async def change(assistant_id: UUID, request: AssistantUpdate, service: Service) -> JSONResponse:
    """Make a new version of an assistant; what the request does not name stays as it is."""
    service.require_graph(request.graph_id)
    given = {"config": {}, "metadata": {}, **request.model_dump(exclude_none=True)}
    assistant = await service.find(str(assistant_id), "update", **given)
    config, context = _configure(given["config"], given.get("context"))
    assistant.config = config or assistant.config
    assistant.context = assistant.context if context is None else context
    assistant.metadata_dict = {**assistant.metadata_dict, **given["metadata"]}
    for name in ("graph_id", "name", "description"):
        setattr(assistant, name, given.get(name, getattr(assistant, name)))
    assistant.version = await _last_version(service.session, assistant.assistant_id) + 1
    assistant.updated_at = datetime.now(UTC)
    service.session.add(_version_of(assistant))
    await service.session.commit()
    return JSONResponse(_view(to_pydantic(assistant)))


@router.delete("/assistants/{assistant_id}", status_code=204)
async def remove(assistant_id: UUID, service: Service, delete_threads: bool = False) -> Response:
    """Delete an assistant, its versions and crons; its runs are kept, those at work interrupted."""
    session, chosen = service.session, str(assistant_id)
    await service.find(chosen, "delete")
    await session.commit()  # releases the lock: ending runs takes its own
    if delete_threads:
        await _delete_threads(session, chosen, service.caller)
    active = select(Run).where(Run.assistant_id == chosen, Run.status.in_(ACTIVE_RUN_STATES))
    for run in (await session.scalars(active)).all():
        await stop_run(session, run, "interrupt")
    # Else Postgres would delete the runs too, even those that a worker has not yet let go.
    await session.execute(update(Run).where(Run.assistant_id == chosen).values(assistant_id=None))
    await session.execute(delete(Assistant).where(Assistant.assistant_id == chosen))
    await session.commit()
    return Response(status_code=204)


@router.post("/assistants/{assistant_id}/latest")
async def set_latest(
    assistant_id: UUID, version: Annotated[int, Body(embed=True)], service: Service
) -> JSONResponse:
    """Make an older version the one that runs use."""
    query = select(Assistant.user_id).where(Assistant.assistant_id == str(assistant_id))
    if await service.session.scalar(query) == SYSTEM:
        service.act_as(SYSTEM)
    return JSONResponse(_view(await service.set_assistant_latest(str(assistant_id), version)))


@router.post("/assistants/{assistant_id}/versions")
async def list_versions(
    assistant_id: UUID, service: Service, request: VersionSearch | None = None
) -> JSONResponse:
    """Return the versions of an assistant, the newest first."""
    wanted = request or VersionSearch()
    assistant = await service.get_assistant(str(assistant_id))
    query = select(AssistantVersion).where(
        AssistantVersion.assistant_id == assistant.assistant_id,
        AssistantVersion.metadata_dict.op("@>")(wanted.metadata or {}),
    )
    newest = query.order_by(AssistantVersion.version.desc())
    rows = await service.session.scalars(newest.limit(wanted.limit).offset(wanted.offset))
    views = [_version_view(row) for row in rows]
    if not views:
        raise HTTPException(404, f"Assistant '{assistant_id}' has no such versions")
    return JSONResponse(views)


@router.get("/assistants/{assistant_id}/schemas")
async def schemas(assistant_id: UUID, service: Service) -> JSONResponse:
    """Return the JSON schemas of an assistant's graph."""
    return JSONResponse(await service.get_assistant_schemas(str(assistant_id)))


@router.get("/assistants/{assistant_id}/graph")
async def graph(
    assistant_id: str,
    service: Service,
    xray: Annotated[int | bool, Query(description="How deep to look into subgraphs")] = False,
) -> JSONResponse:
    """Return the nodes and edges of an assistant's graph; a graph's name will do."""
    return JSONResponse(await service.get_assistant_graph(service.identify(assistant_id), xray))


@router.get("/assistants/{assistant_id}/subgraphs")
@router.get("/assistants/{assistant_id}/subgraphs/{namespace}")
async def subgraphs(
    assistant_id: UUID, service: Service, namespace: str | None = None, recurse: bool = False
) -> JSONResponse:
    """Return the schemas of the graphs inside an assistant's graph."""
    found = await service.get_assistant_subgraphs(str(assistant_id), namespace, recurse)
    return JSONResponse(found)


def _configure(
    config: dict[str, Any], context: dict[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Keep `config.configurable` and `context`, two names for one thing, the same."""
    if config.get("configurable") and context:
        raise HTTPException(400, "Cannot specify both configurable and context: prefer context.")
    if config.get("configurable"):
        return config, config["configurable"]
    return ({**config, "configurable": context} if context else config), context


async def _last_version(session: AsyncSession, assistant_id: str) -> int:
    newest = select(func.max(AssistantVersion.version))
    return await session.scalar(newest.where(AssistantVersion.assistant_id == assistant_id)) or 0


def _version_of(assistant: Assistant) -> AssistantVersion:
    return AssistantVersion(
        assistant_id=assistant.assistant_id,
        version=assistant.version,
        graph_id=assistant.graph_id,
        config=assistant.config,
        context=assistant.context,
        created_at=assistant.updated_at,
        name=assistant.name,
        description=assistant.description,
        metadata_dict=assistant.metadata_dict,
    )


async def _delete_threads(session: AsyncSession, assistant_id: str, user: User) -> None:
    """Delete the threads that an assistant ran on last, as far as the caller may."""
    of_assistant = Thread.metadata_json["assistant_id"].astext == assistant_id
    for thread_id in (await session.scalars(select(Thread.thread_id).where(of_assistant))).all():
        try:
            await threads.delete_thread(thread_id, user, session)
        except HTTPException as refused:
            if refused.status_code not in (403, 404):
                raise


def _view(assistant: AssistantModel, columns: list[Column] | None = None) -> dict[str, Any]:
    data = assistant.model_dump(mode="json", exclude={"user_id"})
    return {name: value for name, value in data.items() if not columns or name in columns}


def _version_view(row: AssistantVersion) -> dict[str, Any]:
    return {
        "assistant_id": row.assistant_id,
        "version": row.version,
        "graph_id": row.graph_id,
        "config": row.config or {},
        "context": row.context or {},
        "metadata": row.metadata_dict or {},
        "created_at": row.created_at.isoformat(),
        "name": row.name,
        "description": row.description,
    }
