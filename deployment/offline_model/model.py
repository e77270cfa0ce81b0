"""The chat model itself: tools, streaming, token counts."""

import asyncio
import json
import math
import os
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from hashlib import sha256
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk as Chunk
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from offline_model.memory import KINDS, calls_for, wanted
from offline_model.prompt import asked_pace, read_prompt, text_of
from offline_model.replies import reply
from offline_model.schema import Call, Schema, fit, repair

PACE = "OFFLINE_TOKENS_PER_SECOND"


def _pace() -> float:
    given = os.environ.get(PACE, "").strip()
    try:
        pace = float(given or 0)
    except ValueError:
        pace = math.nan
    if not (math.isfinite(pace) and pace >= 0):
        raise ValueError(
            f"{PACE}={given!r} is not a number of tokens per second. Write it like 40, "
            "or leave it empty to answer at once."
        )
    return pace


class OfflineChatModel(BaseChatModel):
    """A deterministic, rule-based chat model that needs no key and no network.

    Raises:
        ValueError: `OFFLINE_TOKENS_PER_SECOND` is not a number, or negative.
    """

    tokens_per_second: float = Field(default_factory=_pace, ge=0, allow_inf_nan=False)
    """How fast it answers; 0 means at once. The default comes from the environment, and a role that
    says "Speak at 5 tokens per second." sets it for one run."""

    @property
    def _llm_type(self) -> str:
        return "offline"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return this model with tools to call, described in OpenAI's format.

        `with_structured_output` binds one tool too, and marks it: then the tool must be called.
        """
        kwargs["structured"] = "ls_structured_output_format" in kwargs
        described = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=described, tool_choice=tool_choice, **kwargs)

    def _stream(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> Iterator[Chunk]:
        pause = self._pause(messages)
        for chunk in _chunks(messages, **kwargs):
            time.sleep(pause)
            yield chunk

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[Chunk]:
        pause = self._pause(messages)
        for chunk in _chunks(messages, **kwargs):
            await asyncio.sleep(pause)  # even a sleep of 0: here a run can be cancelled
            yield chunk

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return generate_from_stream(self._stream(messages, **kwargs))

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **kwargs: Any) -> ChatResult:
        chunks = [chunk async for chunk in self._astream(messages, **kwargs)]
        return generate_from_stream(iter(chunks))

    def _pause(self, messages: list[BaseMessage]) -> float:
        """Return the seconds before each token."""
        pace = asked_pace(messages)
        pace = self.tokens_per_second if pace is None else pace
        return 1 / pace if pace else 0


def _answer(
    messages: list[BaseMessage], tools: dict[str, Schema], structured: bool
) -> tuple[str, list[Call]]:
    """Return the model's text and its tool calls; one of the two is empty."""
    prompt = read_prompt(messages)
    if "PatchFunctionErrors" in tools:
        return "", [repair(messages, prompt.now)]
    calls: list[Call] = []
    if "UpdateMemory" in tools and not structured:
        kinds = [kind for kind in KINDS.values() if wanted(kind, prompt, prompt.todos)]
        calls = [("UpdateMemory", {"update_type": kind}) for kind in kinds if not prompt.reports]
        return ("" if calls else reply(prompt)), calls
    names = [name for name in KINDS if name in tools or "PatchDoc" in tools]
    calls = [call for name in names for call in calls_for(name, prompt, tools)]
    if (structured and not calls) or (tools and not names):
        name, schema = next(iter(tools.items()))
        calls = [(name, fit(prompt.text, {"type": "object"} | schema, schema, prompt.now))]
    return ("" if tools else reply(prompt)), calls


def _tokens(text: str) -> list[str]:
    """Split a text into words with the space before them: no real tokens, but deterministic."""
    return re.findall(r"\s*\S{1,12}|\s+$", text)


def _call_chunks(calls: list[Call], seed: str) -> Iterator[dict[str, Any]]:
    """Yield the chunks of tool calls. Ids come from the conversation: a rerun has the same."""
    for index, (name, args) in enumerate(calls):
        call_id = "call_" + sha256(f"{index} {seed}".encode(errors="replace")).hexdigest()[:24]
        head, *rest = _tokens(json.dumps(args))
        parts = [tool_call_chunk(name=name, args=head, id=call_id, index=index)]
        parts += [tool_call_chunk(args=token, index=index) for token in rest]
        yield from ({"content": "", "tool_call_chunks": [part]} for part in parts)


def _chunks(
    messages: list[BaseMessage], tools: Sequence[Any] = (), structured: bool = False, **_: Any
) -> Iterator[Chunk]:
    schemas = {t["function"]["name"]: t["function"].get("parameters", {}) for t in tools}
    content, calls = _answer(messages, schemas, structured)
    said = [[m.type, m.content, getattr(m, "tool_calls", 0)] for m in messages]
    pieces: list[dict[str, Any]] = [{"content": token} for token in _tokens(content)]
    pieces += _call_chunks(calls, json.dumps([said, tools], default=str))
    pieces = pieces or [{"content": ""}]
    read = sum(len(_tokens(text_of(message))) for message in messages)
    usage = {"input_tokens": read, "output_tokens": len(pieces), "total_tokens": read + len(pieces)}
    pieces[-1] |= {
        "usage_metadata": usage,
        "chunk_position": "last",
        "response_metadata": {"model_name": "offline"},
    }
    for piece in pieces:
        yield Chunk(message=AIMessageChunk(**piece))
