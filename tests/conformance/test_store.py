"""The store: what clients and graphs keep for one another."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import pytest

from tests.conformance.support import Server, until


def fresh() -> list[str]:
    """Return a namespace that nobody has used."""
    return ["conformance", uuid.uuid4().hex]


async def put(server: Server, namespace: list[str], **items: Any) -> None:
    for key, value in items.items():
        await server.client.store.put_item(namespace, key, value)


async def keys(server: Server, namespace: list[str], **options: Any) -> list[str]:
    found = await server.client.store.search_items(namespace, **options)
    return sorted(item["key"] for item in found["items"])


async def test_an_item_is_read_as_it_was_put(server: Server) -> None:
    namespace = fresh()
    await put(server, namespace, milk={"amount": 2, "tags": ["a", None]})
    item = await server.client.store.get_item(namespace, "milk")
    assert (item["namespace"], item["key"]) == (namespace, "milk")
    assert item["value"] == {"amount": 2, "tags": ["a", None]}


async def test_an_item_tells_when_it_was_made_and_changed(server: Server) -> None:
    namespace = fresh()
    await put(server, namespace, milk={"amount": 1})
    made = await server.client.store.get_item(namespace, "milk")
    await put(server, namespace, milk={"amount": 2})
    changed = await server.client.store.get_item(namespace, "milk")
    assert datetime.fromisoformat(made["created_at"]).tzinfo
    assert changed["updated_at"] > made["updated_at"]


async def test_putting_an_item_again_replaces_it(server: Server) -> None:
    namespace = fresh()
    await put(server, namespace, milk={"amount": 1, "old": True})
    await put(server, namespace, milk={"amount": 2})
    item = await server.client.store.get_item(namespace, "milk")
    assert item["value"] == {"amount": 2}


async def test_an_item_that_is_not_there_is_nothing(server: Server) -> None:
    assert await server.client.store.get_item(fresh(), "milk") is None


async def test_a_deleted_item_is_gone(server: Server) -> None:
    namespace = fresh()
    await put(server, namespace, milk={"amount": 1}, eggs={"amount": 6})
    await server.client.store.delete_item(namespace, "milk")
    assert await keys(server, namespace) == ["eggs"]


async def test_deleting_an_item_that_is_not_there_is_no_error(server: Server) -> None:
    await server.client.store.delete_item(fresh(), "milk")


async def test_a_search_finds_what_lies_below_a_namespace(server: Server) -> None:
    namespace = fresh()
    await put(server, [*namespace, "a"], one={"n": 1})
    await put(server, [*namespace, "b", "c"], two={"n": 2})
    assert await keys(server, namespace) == ["one", "two"]
    assert await keys(server, [*namespace, "b"]) == ["two"]


async def test_a_namespace_is_not_found_by_the_beginning_of_a_label(server: Server) -> None:
    namespace = fresh()
    await put(server, [*namespace, "tomato"], one={"n": 1})
    assert await keys(server, [*namespace, "tom"]) == []


async def test_found_items_are_filtered_by_their_values(server: Server) -> None:
    namespace = fresh()
    await put(server, namespace, one={"n": 1}, two={"n": 2})
    assert await keys(server, namespace, filter={"n": 2}) == ["two"]


async def test_found_items_are_filtered_by_comparison(server: Server) -> None:
    namespace = fresh()
    await put(server, namespace, one={"n": 1}, two={"n": 2}, three={"n": 3})
    assert await keys(server, namespace, filter={"n": {"$gte": 2}}) == ["three", "two"]


async def test_found_items_are_paged(server: Server) -> None:
    namespace = fresh()
    await put(server, namespace, one={"n": 1}, two={"n": 2}, three={"n": 3})
    first = await keys(server, namespace, limit=2)
    rest = await keys(server, namespace, limit=2, offset=2)
    assert sorted(first + rest) == ["one", "three", "two"]


async def test_found_items_carry_times(server: Server) -> None:
    namespace = fresh()
    await put(server, namespace, one={"n": 1})
    [item] = (await server.client.store.search_items(namespace))["items"]
    assert datetime.fromisoformat(item["created_at"]).tzinfo
    assert datetime.fromisoformat(item["updated_at"]).tzinfo


async def test_namespaces_are_listed_by_prefix(server: Server) -> None:
    namespace = fresh()
    await put(server, [*namespace, "a"], one={"n": 1})
    await put(server, [*namespace, "b", "c"], two={"n": 2})
    found = await server.client.store.list_namespaces(prefix=namespace)
    assert sorted(found["namespaces"]) == [[*namespace, "a"], [*namespace, "b", "c"]]


async def test_namespaces_are_listed_by_suffix(server: Server) -> None:
    namespace, last = fresh(), uuid.uuid4().hex
    await put(server, [*namespace, last], one={"n": 1})
    await put(server, [*namespace, "other"], two={"n": 2})
    found = await server.client.store.list_namespaces(suffix=[last])
    assert found["namespaces"] == [[*namespace, last]]


async def test_namespaces_are_cut_at_a_depth(server: Server) -> None:
    namespace = fresh()
    await put(server, [*namespace, "a", "x"], one={"n": 1})
    await put(server, [*namespace, "a", "y"], two={"n": 2})
    found = await server.client.store.list_namespaces(prefix=namespace, max_depth=3)
    assert found["namespaces"] == [[*namespace, "a"]]


async def test_namespaces_are_paged(server: Server) -> None:
    namespace = fresh()
    for label in "abc":
        await put(server, [*namespace, label], one={"n": 1})
    found = await server.client.store.list_namespaces(prefix=namespace, limit=1, offset=1)
    assert found["namespaces"] == [[*namespace, "b"]]


async def test_a_client_sees_what_a_graph_has_written(server: Server) -> None:
    namespace = fresh()
    await server.run(None, "memory", {"namespace": namespace, "key": "k", "write": {"n": 1}})
    item = await server.client.store.get_item(namespace, "k")
    assert item["value"] == {"n": 1}
    assert await keys(server, namespace) == ["k"]


async def test_a_graph_sees_what_a_client_has_written(server: Server) -> None:
    namespace = fresh()
    await put(server, namespace, k={"n": 1})
    values = await server.run(None, "memory", {"namespace": namespace, "key": "k"})
    assert values["found"] == {"n": 1}


async def test_the_store_outlives_the_thread_that_wrote_to_it(server: Server) -> None:
    namespace, thread_id = fresh(), await server.thread()
    await server.run(thread_id, "memory", {"namespace": namespace, "key": "k", "write": {"n": 1}})
    await server.client.threads.delete(thread_id)
    assert (await server.client.store.get_item(namespace, "k"))["value"] == {"n": 1}


async def test_a_label_may_hold_no_period(server: Server) -> None:
    with pytest.raises(ValueError, match="period"):
        await server.client.store.put_item(["a.b"], "k", {"n": 1})
    body = {"namespace": ["a.b"], "key": "k", "value": {"n": 1}}
    assert (await server.http.put("/store/items", json=body)).status_code == 422


async def test_a_value_must_be_an_object(server: Server) -> None:
    body = {"namespace": fresh(), "key": "k", "value": [1, 2]}
    assert (await server.http.put("/store/items", json=body)).status_code == 422


async def test_a_new_item_accepts_a_time_to_live(server: Server) -> None:
    namespace = fresh()
    await server.client.store.put_item(namespace, "k", {"n": 1}, ttl=60)
    await until(lambda: server.stored(".".join(namespace), "k"))
