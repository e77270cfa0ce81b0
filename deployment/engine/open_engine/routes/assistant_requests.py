"""What a client may ask of assistants: to make one, and to search for them and their versions."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID, uuid4

from aegra_api.models import AssistantCreate, AssistantSearchRequest
from pydantic import BaseModel, Field, field_validator

Column = Literal[
    "assistant_id",
    "graph_id",
    "name",
    "description",
    "config",
    "context",
    "metadata",
    "version",
    "created_at",
    "updated_at",
]


class Creation(AssistantCreate):
    """An assistant to make."""

    assistant_id: UUID = Field(default_factory=uuid4)
    name: str = "Untitled"
    config: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)
    if_exists: Literal["raise", "do_nothing"] = "raise"

    @field_validator(
        "assistant_id", "name", "config", "context", "metadata", "if_exists", mode="before"
    )
    @classmethod
    def take_none_for_the_default(cls, value: Any, info: Any) -> Any:
        """Clients send null for what they leave open."""
        field = cls.model_fields[info.field_name]
        return field.get_default(call_default_factory=True) if value is None else value


class Search(AssistantSearchRequest):
    """What a client may ask of a search."""

    limit: int = Field(10, ge=1, le=1000)
    offset: int = Field(0, ge=0)
    select: list[Column] | None = None


class VersionSearch(BaseModel):
    """Which versions of an assistant to return."""

    metadata: dict[str, Any] | None = None
    limit: int = Field(default=10, ge=1, le=1000)
    offset: int = Field(default=0, ge=0)
