"""A server's store as plain data: its namespaces and items, read and changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langgraph_sdk.client import LangGraphClient

from course_helpers.core.errors import CourseError, NotFoundError

SEARCHED = 10_000  # items, or namespaces: the most that are read
_BATCH = 1000  # per request; 10,000 items in one would be 2.7 MB

Namespace = tuple[str, ...]
Address = tuple[Namespace, str]  # of an item: its namespace and key


@dataclass(frozen=True)
class Item:
    """An item of the store.

    Attributes:
        namespace: where it is, as a path of labels.
        key: its name there.
        value: what it holds.
        updated_at: ISO time of its last change, by the server's clock.
    """

    namespace: Namespace
    key: str
    value: dict[str, Any]
    updated_at: str

    @property
    def address(self) -> Address:
        """Its namespace and key, which no other item has."""
        return self.namespace, self.key


@dataclass(frozen=True)
class ItemPage:
    """Some of the items in and below a namespace.

    Attributes:
        items: in the server's order.
        more: whether others follow.
        truncated: whether a text was looked for in the first `SEARCHED` items only.
    """

    items: Sequence[Item]
    more: bool = False
    truncated: bool = False


async def list_namespaces(client: LangGraphClient) -> list[Namespace]:
    """Return the store's namespaces in order, at most about `SEARCHED`.

    Args:
        client: of a deployment, for instance `server.client`.
    """
    found: list[Namespace] = []
    while len(found) < SEARCHED:
        answer = await client.store.list_namespaces(limit=_BATCH, offset=len(found))
        if not answer["namespaces"]:  # a short page may not be the last: a server may have a limit
            break
        found += [tuple(namespace) for namespace in answer["namespaces"]]
    return sorted(set(found))


async def read_items(
    client: LangGraphClient,
    namespace: Sequence[str],
    text: str = "",
    limit: int = 50,
    offset: int = 0,
) -> ItemPage:
    """Read items in and below a namespace.

    Args:
        client: of a deployment, for instance `server.client`.
        namespace: its labels; none for the whole store.
        text: only items with this text in their namespace, key or value, ignoring case. The server
            cannot search for a text, so that all items are read for it.
        limit: how many items at most.
        offset: how many to skip before them.

    Raises:
        CourseError: a label holds a period.
    """
    _require_no_period(namespace)
    if not text:
        found = await _batch(client, namespace, limit + 1, offset)
        return ItemPage(found[:limit], more=len(found) > limit)
    found, truncated = await _all(client, namespace)
    matches = [item for item in found if _matches(item, text.casefold())]
    end = offset + limit
    return ItemPage(matches[offset:end], more=len(matches) > end, truncated=truncated)


async def put_item(
    client: LangGraphClient,
    namespace: Sequence[str],
    key: str,
    value: dict[str, Any],
    seen: Item | None = None,
) -> None:
    """Write an item, unless somebody else has changed it since it was seen.

    The store has no compare-and-set: a change between the comparison and the writing, a few
    milliseconds, is overwritten.

    Args:
        client: of a deployment, for instance `server.client`.
        namespace: its labels.
        key: its name there.
        value: what it is to hold.
        seen: the item as it was read; None for a new item.

    Raises:
        CourseError: it has changed since it was seen, or the namespace is invalid.
    """
    _require_no_period(namespace)
    if not namespace:
        raise CourseError("An item needs a namespace.", "choose one of the namespaces first")
    await _require_unchanged(client, namespace, key, seen)
    await client.store.put_item(namespace, key, value)


async def delete_item(client: LangGraphClient, seen: Item) -> None:
    """Delete an item, unless somebody else has changed it since it was seen.

    Args:
        client: of a deployment, for instance `server.client`.
        seen: the item as it was read.

    Raises:
        CourseError: it has changed since it was seen.
    """
    await _require_unchanged(client, seen.namespace, seen.key, seen)
    await client.store.delete_item(seen.namespace, seen.key)


def _require_no_period(namespace: Sequence[str]) -> None:
    for label in namespace:
        if "." in label:
            raise CourseError(
                f"A label of a namespace holds no period, but {label!r} does.",
                f"the course's agent writes it as {label.replace('.', '%2E')!r}",
            )


async def _all(client: LangGraphClient, namespace: Sequence[str]) -> tuple[list[Item], bool]:
    """Return the first `SEARCHED` items, and whether there are more."""
    found: list[Item] = []
    while len(found) <= SEARCHED:
        page = await _batch(client, namespace, _BATCH, len(found))
        if not page:
            return found, False
        found += page
    return found[:SEARCHED], True


async def _batch(
    client: LangGraphClient, namespace: Sequence[str], limit: int, offset: int
) -> list[Item]:
    answer = await client.store.search_items(list(namespace), limit=limit, offset=offset)
    return [
        Item(tuple(i["namespace"]), str(i["key"]), i["value"], str(i["updated_at"]))
        for i in answer["items"]
    ]


def _matches(item: Item, text: str) -> bool:
    value = json.dumps(item.value, ensure_ascii=False)
    return any(text in part.casefold() for part in (*item.namespace, item.key, value))


async def _require_unchanged(
    client: LangGraphClient, namespace: Sequence[str], key: str, seen: Item | None
) -> None:
    item: Any = await client.store.get_item(namespace, key)
    if seen is None and item is not None:
        raise CourseError(f"There is an item {key!r} already.", "read it before you change it")
    if seen is not None and item is None:
        raise NotFoundError(f"Somebody has deleted {key!r} meanwhile.", "press Refresh")
    if seen is not None and str(item["updated_at"]) != seen.updated_at:
        raise CourseError(
            f"Somebody has changed {key!r} since it was read. Nothing was changed now.",
            "press Reload to see the newer version (it replaces the text in the editor)",
        )
