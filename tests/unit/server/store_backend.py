"""A stand-in for a server's store, for the tests of its data and panel."""

from __future__ import annotations

import asyncio
from typing import Any

ANN = ("todo", "general", "ann")
BOB = ("todo", "general", "bob")


class Store:
    """A stand-in for the SDK's client and for its part that deals with the store."""

    def __init__(self) -> None:
        self.store = self
        self.items: dict[tuple[tuple[str, ...], str], dict[str, Any]] = {}
        self.writes = 0
        self.most = 100_000  # the most items, or namespaces, that it sends at once
        self.gate = asyncio.Event()
        self.gate.set()

    async def __aenter__(self) -> Store:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def put(self, namespace: tuple[str, ...], key: str, value: dict[str, Any]) -> None:
        self.writes += 1
        time = f"2026-03-04T09:{self.writes // 60 % 60:02}:{self.writes % 60:02}.{self.writes:06}+00:00"
        self.items[namespace, key] = {
            "namespace": list(namespace),
            "key": key,
            "value": value,
            "updated_at": time,
        }

    async def put_item(self, namespace: tuple[str, ...], key: str, value: dict[str, Any]) -> None:
        self.put(tuple(namespace), key, value)

    async def get_item(self, namespace: tuple[str, ...], key: str) -> dict[str, Any] | None:
        return self.items.get((tuple(namespace), key))

    async def delete_item(self, namespace: tuple[str, ...], key: str) -> None:
        del self.items[tuple(namespace), key]

    async def search_items(
        self, namespace: list[str], limit: int, offset: int
    ) -> dict[str, list[dict[str, Any]]]:
        await self.gate.wait()
        found = [i for i in self.items.values() if i["namespace"][: len(namespace)] == namespace]
        return {"items": found[offset : offset + min(limit, self.most)]}

    async def list_namespaces(self, limit: int, offset: int) -> dict[str, list[list[str]]]:
        found = list(dict.fromkeys(tuple(item["namespace"]) for item in self.items.values()))
        end = offset + min(limit, self.most)
        return {"namespaces": [list(namespace) for namespace in found[offset:end]]}
