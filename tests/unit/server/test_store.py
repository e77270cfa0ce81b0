"""The store as plain data: namespaces, items found by a text, values that are refused."""

from __future__ import annotations

from typing import cast

import pytest
from langgraph_sdk.client import LangGraphClient

from course_helpers.core.errors import CourseError
from course_helpers.server.store import list_namespaces, read_items
from course_helpers.widgets.item_form import parse_value
from tests.unit.server.store_backend import ANN, Store


@pytest.mark.parametrize("most", [7, 100_000])
async def test_all_namespaces_are_read_whatever_a_page_holds(store: Store, most: int) -> None:
    store.most = most
    for n in range(2_000):
        store.put(("user", f"u{n:04}"), "k", {})
    found = await list_namespaces(cast(LangGraphClient, store))
    assert found[:2] == [("profile", "general", "ann"), ANN]
    assert len(found) == 2_002


async def test_a_text_is_found_in_namespaces_keys_and_values(store: Store) -> None:
    client = cast(LangGraphClient, store)

    async def found(text: str) -> list[str]:
        return [item.key for item in (await read_items(client, (), text)).items]

    assert await found("MILK") == ["milk"]
    assert await found("À l'om") == ["plants"]
    assert await found("profile") == ["profile"]
    assert await found("general") == ["milk", "plants", "profile"]
    assert await found("nothing like this") == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1,\n "b" 2}', "This is not JSON: Expecting ':' delimiter at line 2, column 6."),
        ("", "Expecting value at line 1, column 1"),
        ("[1, 2]", "an object in braces"),
        ('"text"', "an object in braces"),
        ('{"a": NaN}', "JSON has no NaN."),
        ('{"a": -Infinity}', "JSON has no -Infinity."),
        ('{"a": %s}' % ("9" * 5_000), "Nothing was saved."),
    ],
)
def test_what_is_no_value_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(CourseError) as refused:
        parse_value(text)
    assert sentence in refused.value.what
    assert "Reload" in refused.value.fix
