"""Aegra's service for assistants, with default assistants that can be changed.

In Aegra, the default assistants belong to the user `system`, so that no caller can change them, and
an assistant that exists already is looked for by its configuration too, which may be another's.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aegra_api.core.auth_filters import build_metadata_filter
from aegra_api.core.auth_handlers import build_auth_context, handle_event
from aegra_api.core.orm import Assistant
from aegra_api.models import Assistant as AssistantModel
from aegra_api.models import User
from aegra_api.services.assistant_service import AssistantService, to_pydantic
from aegra_api.services.langgraph_service import LangGraphService
from aegra_api.utils.assistants import resolve_assistant_id
from fastapi import HTTPException
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

SYSTEM = "system"  # Aegra's name for the owner of the default assistants


class Assistants(AssistantService):
    """Aegra's service, with default assistants that can be changed and equal configurations.

    Its methods let only an assistant's owner change it. `act_as` makes the service's user that
    owner; the auth handlers are still asked about the caller.
    """

    def __init__(self, session: AsyncSession, user: User, graphs: LangGraphService) -> None:
        super().__init__(session, user, graphs)
        self.caller = user

    async def _dispatch(self, action: str, value: dict[str, Any]) -> dict[str, Any] | None:
        return await handle_event(build_auth_context(self.caller, self.resource, action), value)

    def require_graph(self, graph_id: str | None) -> None:
        """Refuse a graph that this server does not serve."""
        if graph_id is not None and graph_id not in self.langgraph_service.list_graphs():
            raise HTTPException(404, f"Graph '{graph_id}' not found")

    def identify(self, name_or_id: str) -> str:
        """Return an assistant's id; a graph's name stands for its default assistant."""
        found = resolve_assistant_id(name_or_id, self.langgraph_service.list_graphs())
        try:
            return str(UUID(found))
        except ValueError:
            message = f"'{name_or_id}' is neither a graph's name nor an assistant's id (a UUID)"
            raise HTTPException(422, message) from None

    def act_as(self, owner: str) -> None:
        """Let Aegra's methods take this user for the owner of what they make or change."""
        self.user = self.caller.model_copy(update={"identity": owner})

    async def find(self, assistant_id: str, action: str, **value: Any) -> Assistant:
        """Ask the auth handlers and return an assistant, locked until the transaction ends.

        Raises:
            HTTPException: 404 if there is none that the caller may see.
        """
        filters = await self._dispatch(action, {"assistant_id": assistant_id, **value})
        allowed = build_metadata_filter(Assistant.metadata_dict, filters)
        query = self._visible(assistant_id)
        query = query if allowed is None else query.where(allowed)
        found = await self.session.scalar(query.with_for_update())
        if found is None:
            raise HTTPException(404, f"Assistant '{assistant_id}' not found")
        return found

    async def _resolve_create_conflict(
        self, assistant_id: str, _graph_id: str, _config: Any, if_exists: str | None
    ) -> AssistantModel:
        """Find the assistant by its id alone: Aegra takes any that has the same configuration."""
        existing = await self.session.scalar(self._visible(assistant_id))
        if existing is None or if_exists != "do_nothing":
            raise HTTPException(409, f"Assistant {assistant_id} already exists")
        return to_pydantic(existing)

    def _visible(self, assistant_id: str) -> Select[tuple[Assistant]]:
        owners = (self.caller.identity, SYSTEM)
        query = select(Assistant).where(Assistant.assistant_id == assistant_id)
        return query.where(Assistant.user_id.in_(owners))
