"""An OpenAI-compatible endpoint that serves the offline model, to prove the model switch over HTTP.

Written after https://platform.openai.com/docs/api-reference/chat: chat completions with tools or
a `response_format`, as one answer or as server-sent events.
"""

from __future__ import annotations

import codecs
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_messages
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from course_helpers.core.ports import free_port
from offline_model import OfflineChatModel

Answer = Callable[..., tuple[str, list[Any]]]


class Endpoint(Starlette):
    """The application. `requests` keeps the body of each request for a test to look at."""

    def __init__(self) -> None:
        super().__init__(
            routes=[Route("/v1/chat/completions", self.chat_completions, methods=["POST"])]
        )
        self.requests: list[dict[str, Any]] = []

    async def chat_completions(self, request: Request) -> Response:
        """Answer a chat completion; a missing key is refused as OpenAI refuses it."""
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return JSONResponse({"error": {"message": "no API key"}}, status_code=401)
        body = await request.json()
        self.requests.append(body)
        model = OfflineChatModel(tokens_per_second=0).bind(
            tools=body.get("tools", []), tool_choice=body.get("tool_choice")
        )
        messages = convert_to_messages(body["messages"])
        if body.get("response_format"):
            return JSONResponse(await _structured(body, messages))
        if body.get("stream"):
            events = _events(body["model"], model.astream(messages))
            return StreamingResponse(events, media_type="text/event-stream")
        reply = await model.ainvoke(messages)
        message = {"role": "assistant", "content": reply.content, "tool_calls": _calls(reply)}
        choice = {"index": 0, "message": message, "finish_reason": _finish(reply)}
        return JSONResponse(_envelope(body["model"], choices=[choice], usage=_usage(reply)))


def reworded(answer: Answer) -> Answer:
    """Return a model's `_answer` that does the same in other words: none of its own is left."""

    def other(*given: Any) -> tuple[str, list[Any]]:
        text, calls = answer(*given)
        for _, arguments in calls:
            if task := arguments.get("task"):
                arguments["task"] = f"{task}, as you asked"
        return codecs.encode(text, "rot13"), calls

    return other


@contextmanager
def serve() -> Iterator[tuple[str, Endpoint]]:
    """Serve an endpoint on a free port of 127.0.0.1 and yield its base URL and itself."""
    endpoint, port = Endpoint(), free_port()
    server = uvicorn.Server(uvicorn.Config(endpoint, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        yield f"http://127.0.0.1:{port}/v1", endpoint
    finally:
        server.should_exit = True
        thread.join()


async def _structured(body: dict[str, Any], messages: list[BaseMessage]) -> dict[str, Any]:
    """Answer with JSON that fits the schema which `response_format` names."""
    wanted = body["response_format"]["json_schema"]
    tool = {"function": {"name": wanted["name"], "parameters": wanted["schema"]}}
    model = OfflineChatModel(tokens_per_second=0).bind(tools=[tool], structured=True)
    reply = await model.ainvoke(messages)
    message = {"role": "assistant", "content": json.dumps(reply.tool_calls[0]["args"])}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _envelope(body["model"], choices=[choice], usage=_usage(reply))


async def _events(model: str, chunks: AsyncIterator[AIMessageChunk]) -> AsyncIterator[str]:
    whole: AIMessageChunk | None = None
    async for chunk in chunks:
        whole = chunk if whole is None else whole + chunk
        calls = [
            {
                "index": call["index"],
                "id": call["id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": call["args"]},
            }
            for call in chunk.tool_call_chunks
        ]
        delta = {"role": "assistant", "content": chunk.content, "tool_calls": calls or None}
        yield _event(_envelope(model, choices=[{"index": 0, "delta": delta}]))
    assert whole is not None
    last = {"index": 0, "delta": {}, "finish_reason": _finish(whole)}
    yield _event(_envelope(model, choices=[last]))
    yield _event(_envelope(model, choices=[], usage=_usage(whole)))
    yield "data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


def _envelope(model: str, **parts: Any) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model, **parts}


def _calls(reply: AIMessage) -> list[dict[str, Any]] | None:
    return [
        {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["args"])},
        }
        for call in reply.tool_calls
    ] or None


def _finish(reply: AIMessage) -> str:
    return "tool_calls" if reply.tool_calls else "stop"


def _usage(reply: AIMessage) -> dict[str, int]:
    usage = reply.usage_metadata
    assert usage is not None
    return {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["total_tokens"],
    }
