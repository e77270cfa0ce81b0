"""The model switch over real HTTP: the same graph as `openai:…`, against our own endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langgraph.store.memory import InMemoryStore

from configuration import _hosted_model, chat_model
from task_maistro import Profile, builder
from tests.server.openai_endpoint import Endpoint, serve

CONVERSATION = [
    "Hello, I'm Mia and I live in Porto. Remind me to renew my passport by Friday.",
    "I also have to water the plants and pay the gas bill by the end of next week.",
    "I've renewed the passport. What is left on my list?",
]

# One event loop: langchain-openai keeps its connections in a pool across models.
pytestmark = [pytest.mark.server, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    _hosted_model.cache_clear()  # it remembers the address of the endpoint before
    with serve() as (url, endpoint):
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
        yield endpoint


async def _talk() -> tuple[list[Any], list[str]]:
    """Return the stored documents and the last replies of a whole conversation."""
    store = InMemoryStore()
    graph = builder.compile(store=store)
    messages: list[Any] = []
    replies = []
    for text in CONVERSATION:
        state = await graph.ainvoke({"messages": [*messages, ("user", text)]})
        messages = state["messages"]
        replies.append(messages[-1].content)
    stored = sorted(
        (item.namespace, sorted(item.value.items(), key=str))
        for namespace in store.list_namespaces()
        for item in store.search(namespace, limit=100)
    )
    return stored, replies


async def test_the_same_results_over_http(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASK_MAISTRO_MODEL", "")
    offline = await _talk()
    assert not endpoint.requests
    monkeypatch.setenv("TASK_MAISTRO_MODEL", "openai:any-name")
    hosted = await _talk()
    assert len(endpoint.requests) >= 2 * len(CONVERSATION)
    assert hosted == offline
    assert len(offline[0]) >= 4  # a profile and three to-dos


async def test_tokens_stream_over_http(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_MAISTRO_MODEL", "openai:any-name")
    graph = builder.compile(store=InMemoryStore())
    chunks = [
        chunk
        async for chunk, _ in graph.astream(
            {"messages": [("user", "Hello!")]}, stream_mode="messages"
        )
        if isinstance(chunk, AIMessageChunk) and chunk.content
    ]
    assert endpoint.requests[-1]["stream"] is True
    assert len(chunks) > 3
    state = await graph.ainvoke({"messages": [("user", "Hello!")]})
    assert "".join(str(chunk.content) for chunk in chunks) == state["messages"][-1].content


async def test_structured_output_over_http(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASK_MAISTRO_MODEL", "openai:any-name")
    model = chat_model().with_structured_output(Profile)
    profile = await model.ainvoke("My name is Ada and I live in London.")
    assert endpoint.requests[-1]["response_format"]["type"] == "json_schema"
    assert (profile.name, profile.location) == ("Ada", "London")


async def test_a_refused_key_is_said(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_MAISTRO_MODEL", "openai:any-name")
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    with pytest.raises(RuntimeError, match="needs OPENAI_API_KEY, which is not set"):
        await builder.compile(store=InMemoryStore()).ainvoke({"messages": [("user", "Hello!")]})
