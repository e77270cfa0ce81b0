"""A stand-in for a server's assistants, for the tests of their data, panel and lesson."""

from __future__ import annotations

import copy
from typing import Any

import httpx
from langgraph_sdk.errors import NotFoundError as SdkNotFoundError

WORK = {"todo_category": "work", "task_maistro_role": "Strict."}


def _gone() -> SdkNotFoundError:
    request = httpx.Request("GET", "http://127.0.0.1:9/assistants")
    return SdkNotFoundError("no", response=httpx.Response(404, request=request), body=None)


class Assistants:
    """The part of a client that deals with assistants: one of them, as a server keeps it."""

    def __init__(self, keeps_context: bool = False) -> None:
        self.keeps_context = keeps_context  # as `langgraph dev` does in `set_latest`
        self.versions: list[dict[str, Any]] = []
        self.now: dict[str, Any] = {
            **{"assistant_id": "a1", "name": "Work", "graph_id": "task_maistro", "version": 0},
            **{"description": None, "config": {}, "context": {}, "metadata": {"team": "sales"}},
        }

    @property
    def assistants(self) -> Assistants:
        return self

    async def get(self, assistant_id: str) -> dict[str, Any]:
        if assistant_id != "a1":
            raise _gone()
        return self.now

    async def get_versions(self, assistant_id: str, limit: int) -> list[dict[str, Any]]:
        await self.get(assistant_id)
        return list(reversed(self.versions))[:limit]

    async def update(self, assistant_id: str, **fields: Any) -> dict[str, Any]:
        config = dict(fields.pop("config", None) or {})
        if fields.get("context"):
            fields["config"] = {**config, "configurable": fields["context"]}
        self.now = {**self.now, **fields, "version": len(self.versions) + 1}
        self.versions.append(copy.deepcopy(self.now))
        return self.now

    async def set_latest(self, assistant_id: str, version: int) -> dict[str, Any]:
        context = self.now["context"]
        self.now = copy.deepcopy(self.versions[version - 1])
        if self.keeps_context:
            self.now["context"] = context
        return self.now

    async def search(self, limit: int) -> list[dict[str, Any]]:
        return [self.now][:limit]


async def client_with(*contexts: dict[str, Any], keeps_context: bool = False) -> Any:
    client = Assistants(keeps_context)
    for context in contexts:
        await client.update("a1", context=context, config={"recursion_limit": 50})
    return client
