"""The rules behind the interface of a chat model: tools, streaming, token counts."""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from offline_model.extract import Call, extract, generic
from offline_model.matching import wanted_acts
from offline_model.prompt import Prompt, read_prompt, text_of
from offline_model.repair import repair
from offline_model.replies import reply

PACE = "OFFLINE_TOKENS_PER_SECOND"
MEMORY_TOOLS = {"Profile": "user", "ToDo": "todo", "Instructions": "instructions"}


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
    """How fast it speaks; 0 means at once. The default comes from the environment."""

    @property
    def _llm_type(self) -> str:
        return "offline"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": "offline", "tokens_per_second": self.tokens_per_second}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return this model with tools to call, described as all providers describe them.

        `with_structured_output` binds one tool too, and says so: then there must be an answer.
        """
        kwargs["fill"] = "ls_structured_output_format" in kwargs
        described = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=described, tool_choice=tool_choice, **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(messages, **kwargs):
            time.sleep(self._pause)
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(messages, **kwargs):
            await asyncio.sleep(self._pause)  # also at full speed: here a run can be cancelled
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(
            iter([chunk async for chunk in self._astream(messages, **kwargs)])
        )

    @property
    def _pause(self) -> float:
        return 1 / self.tokens_per_second if self.tokens_per_second else 0


# --- What it says ---------------------------------------------------------------------------------


def _answer(
    messages: list[BaseMessage], tools: dict[str, dict[str, Any]], fill: bool
) -> tuple[str, list[Call]]:
    """Return what the model says and the tools it calls: one of the two is empty."""
    prompt = read_prompt(messages)
    if "PatchFunctionErrors" in tools:
        return "", list(repair(messages, prompt.now))
    if "UpdateMemory" in tools and not fill:
        kinds = [] if prompt.reports else _kinds(prompt)
        return (
            (reply(prompt), [])
            if not kinds
            else ("", [("UpdateMemory", {"update_type": k}) for k in kinds])
        )
    names = dict.fromkeys([*tools, *(doc.kind for doc in prompt.documents)])
    known = [name for name in names if name in MEMORY_TOOLS]
    calls = [
        c for name in known for c in extract(MEMORY_TOOLS[name], name, prompt, tools.get(name, {}))
    ]
    calls = [call for call in calls if call[0] in tools]
    if (fill and not calls) or (tools and not known and "PatchDoc" not in tools):
        calls = [generic(name, schema, prompt) for name, schema in list(tools.items())[:1]]
    return ("" if calls or tools else reply(prompt)), calls


def _kinds(prompt: Prompt) -> list[str]:
    return [
        kind for kind in ("user", "todo", "instructions") if wanted_acts(kind, prompt, prompt.todos)
    ]


# --- As a stream of chunks -----------------------------------------------------------------------


def _tokens(text: str) -> list[str]:
    """A token is a word with the space before it: not a tokenizer's, but the same each time."""
    return re.findall(r"\s*\S{1,12}|\s+$", text)


def _chunks(
    messages: list[BaseMessage],
    tools: Sequence[dict[str, Any]] = (),
    fill: bool = False,
    **_: Any,
) -> Iterator[ChatGenerationChunk]:
    schemas = {t["function"]["name"]: t["function"].get("parameters", {}) for t in tools or ()}
    content, calls = _answer(messages, schemas, fill)
    pieces: list[dict[str, Any]] = [{"content": token} for token in _tokens(content)]
    seed = json.dumps(
        [[(m.type, m.content, getattr(m, "tool_calls", 0)) for m in messages], tools], default=str
    )
    for index, (name, args) in enumerate(calls):
        call_id = "call_" + sha256(f"{index} {seed}".encode(errors="replace")).hexdigest()[:24]
        head, *rest = _tokens(json.dumps(args))
        parts = [tool_call_chunk(name=name, args=head, id=call_id, index=index)]
        parts += [tool_call_chunk(args=token, index=index) for token in rest]
        pieces += [{"content": "", "tool_call_chunks": [part]} for part in parts]
    pieces = pieces or [{"content": ""}]
    told = sum(len(_tokens(text_of(message))) for message in messages)
    usage = {"input_tokens": told, "output_tokens": len(pieces), "total_tokens": told + len(pieces)}
    pieces[-1] |= {
        "usage_metadata": usage,
        "chunk_position": "last",
        "response_metadata": {
            "model_name": "offline",
            "finish_reason": "tool_calls" if calls else "stop",
        },
    }
    for piece in pieces:
        yield ChatGenerationChunk(message=AIMessageChunk(**piece))
