"""What a client may send to make a run: all that a LangGraph server takes; the rest is ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aegra_api.models import RunCreate
from pydantic import AfterValidator, Field, field_validator, model_validator

from open_engine.execution.webhooks import check_url

Multitask = Literal["reject", "enqueue", "interrupt", "rollback"]
StreamMode = Literal[
    "values",
    "updates",
    "messages",
    "messages-tuple",
    "debug",
    "events",
    "custom",
    "tasks",
    "checkpoints",
]


class RunRequest(RunCreate):
    """A run to make.

    Aegra's model refuses nested metadata, input that is not an object, and a run without input; a
    LangGraph server takes all three.
    """

    input: Any = None  # see `open_engine.patches.accepting`
    multitask_strategy: Multitask = "enqueue"
    stream_mode: StreamMode | list[StreamMode] | None = None
    if_not_exists: Literal["create", "reject"] = "reject"
    after_seconds: float = Field(0, ge=0, le=31_536_000)
    webhook: Annotated[str, AfterValidator(check_url)] | None = Field(None, max_length=4096)
    on_disconnect: Literal["cancel", "continue"] | None = None
    stream_resumable: bool = False
    feedback_keys: list[str] | None = None
    langsmith_tracer: dict[str, Any] | None = None

    @field_validator(
        "multitask_strategy", "if_not_exists", "after_seconds", "stream_resumable", mode="before"
    )
    @classmethod
    def take_none_for_the_default(cls, value: Any, info: Any) -> Any:
        """Clients send null for what they leave open."""
        return cls.model_fields[info.field_name].default if value is None else value

    @field_validator("metadata", mode="after")
    @classmethod
    def validate_metadata_shape(cls, metadata: dict[str, Any] | None) -> dict[str, Any] | None:
        """Take any metadata, in place of Aegra's validator of this name."""
        return metadata

    @model_validator(mode="after")
    def validate_input_command_exclusivity(self) -> RunRequest:
        """Take a run without input, in place of Aegra's validator of this name: it goes on."""
        if self.input is not None and self.command is not None and self.input:
            raise ValueError("input and command: give one of them")
        if self.command is not None:
            self.input = None
        return self

    def stream_modes(self) -> list[str]:
        """Return the modes as a list; `values` if none is named."""
        modes = self.stream_mode or ["values"]
        return [modes] if isinstance(modes, str) else list(modes)
