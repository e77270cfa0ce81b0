"""The offline model as a chat model: streaming, pace, usage, tools, structured output, repairs."""

from __future__ import annotations

import asyncio
import time
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel, Field
from trustcall import create_extractor

from offline_model import OfflineChatModel
from offline_model.prompt import asked_pace
from task_maistro import CHAT_PROMPT, Profile, ToDo, UpdateMemory

ASK = [HumanMessage("What can you do?")]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OFFLINE_TOKENS_PER_SECOND", raising=False)


def chat(text: str) -> list[Any]:
    system = CHAT_PROMPT.format(
        role="", category="general", user="(empty)", todo="(empty)", instructions="(empty)",
        now="2026-03-04T09:00:00",
    )  # fmt: skip
    return [SystemMessage(system), HumanMessage(text)]


# --- Streaming ----------------------------------------------------------------------------------


def test_streamed_tokens_add_up_to_the_answer() -> None:
    model = OfflineChatModel()
    chunks = list(model.stream(ASK))
    assert len(chunks) > 5
    assert "".join(str(chunk.content) for chunk in chunks) == model.invoke(ASK).content


async def test_async_streaming_says_the_same() -> None:
    model = OfflineChatModel()
    chunks = [chunk async for chunk in model.astream(ASK)]
    assert "".join(str(c.content) for c in chunks) == (await model.ainvoke(ASK)).content


async def test_tool_calls_stream_in_pieces() -> None:
    model = OfflineChatModel().bind_tools([UpdateMemory])
    messages = chat("I'm Ann and I need to buy milk")
    chunks = [chunk async for chunk in model.astream(messages)]
    assert sum(bool(c.tool_call_chunks) for c in chunks) > 2
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert whole.tool_calls == (await model.ainvoke(messages)).tool_calls


def test_usage_counts_what_was_streamed() -> None:
    *_, last = list(OfflineChatModel().stream(ASK))
    answer = OfflineChatModel().invoke(ASK)
    usage = answer.usage_metadata
    assert usage is not None
    assert usage["input_tokens"] > 0
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert last.usage_metadata == usage or last.chunk_position == "last"
    assert answer.response_metadata["model_name"] == "offline"


@pytest.mark.parametrize("streamed", [True, False])
def test_the_pace_is_the_same_with_and_without_streaming(streamed: bool) -> None:
    model = OfflineChatModel(tokens_per_second=200)
    count = model.invoke(ASK).usage_metadata["output_tokens"]  # type: ignore[index]
    start = time.perf_counter()
    list(model.stream(ASK)) if streamed else model.invoke(ASK)
    took = time.perf_counter() - start
    assert count / 200 <= took < count / 200 + 1


async def test_a_slow_answer_can_be_cancelled_and_blocks_nobody() -> None:
    answer = asyncio.create_task(OfflineChatModel(tokens_per_second=0.01).ainvoke(ASK))
    for _ in range(20):  # the loop turns although the model "speaks"
        await asyncio.sleep(0)
    assert not answer.done()
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(answer, timeout=5)


@pytest.mark.parametrize("value", ["fast", "-1", "nan", "inf"])
def test_a_bad_pace_names_variable_value_and_fix(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFLINE_TOKENS_PER_SECOND", value)
    with pytest.raises(ValueError, match=f"OFFLINE_TOKENS_PER_SECOND='{value}'.*Write it like 40"):
        OfflineChatModel()


def test_the_pace_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFLINE_TOKENS_PER_SECOND", "12.5")
    assert OfflineChatModel().tokens_per_second == 12.5
    monkeypatch.setenv("OFFLINE_TOKENS_PER_SECOND", "")
    assert OfflineChatModel().tokens_per_second == 0


@pytest.mark.parametrize(
    ("role", "profile", "pace"),
    [
        ("Be brief. Speak at 5 tokens per second.", "(empty)", 5),
        ("Speak at 2.5 tokens per second.", "(empty)", 2.5),
        ("Be brief.", "(empty)", None),
        ("Be brief.", '{"interests": ["5 tokens per second"]}', None),
    ],
)
def test_a_role_sets_the_pace_of_its_run(role: str, profile: str, pace: float | None) -> None:
    system = CHAT_PROMPT.format(
        role=role, category="general", user=profile, todo="(empty)", instructions="(empty)",
        now="2026-03-04T09:00:00",
    )  # fmt: skip
    assert asked_pace([SystemMessage(system), *ASK]) == pace


def test_a_role_slows_the_model_down() -> None:
    slow = [SystemMessage("Speak at 100 tokens per second."), *ASK]
    begun = time.monotonic()
    tokens = len(list(OfflineChatModel().stream(slow)))
    assert time.monotonic() - begun >= (tokens - 2) / 100


# --- Tools --------------------------------------------------------------------------------------


def test_one_message_calls_once_for_each_kind() -> None:
    model = OfflineChatModel().bind_tools([UpdateMemory])
    answer = model.invoke(chat("I'm Ann. I need to buy milk. Always use short titles."))
    assert answer.content == ""
    assert [c["args"]["update_type"] for c in answer.tool_calls] == ["user", "todo", "instructions"]


def test_it_never_calls_again_once_there_are_results() -> None:
    model = OfflineChatModel().bind_tools([UpdateMemory])
    messages = chat("I need to buy milk")
    call = model.invoke(messages)
    done = [
        ToolMessage('added "Buy milk": {"task": "Buy milk"}', tool_call_id=c["id"])
        for c in call.tool_calls
    ]
    answer = model.invoke([*messages, call, *done])
    assert not answer.tool_calls
    assert "Buy milk" in str(answer.content)


def test_what_was_not_saved_is_said() -> None:
    messages = chat("I need to buy milk")
    call = AIMessage(
        "", tool_calls=[{"name": "UpdateMemory", "args": {"update_type": "todo"}, "id": "1"}]
    )
    report = ToolMessage(
        "not saved: 1 change(s) that did not fit the todo schema", tool_call_id="1"
    )
    answer = OfflineChatModel().bind_tools([UpdateMemory]).invoke([*messages, call, report])
    assert "not saved" in str(answer.content)


def test_call_ids_repeat_only_with_the_conversation() -> None:
    model = OfflineChatModel().bind_tools([UpdateMemory])
    first = model.invoke(chat("I'm Ann, and I need to buy milk"))
    again = model.invoke(chat("I'm Ann, and I need to buy milk"))
    other = model.invoke(chat("I'm Bob, and I need to buy milk"))
    later = model.invoke(
        [*chat("I'm Ann, and I need to buy milk"), AIMessage("Done."), HumanMessage("Buy milk")]
    )
    ids = [call["id"] for answer in (first, other, later) for call in answer.tool_calls]
    assert [c["id"] for c in first.tool_calls] == [c["id"] for c in again.tool_calls]
    assert len(ids) == len(set(ids)) == 5


def test_it_remembers_what_was_said_in_the_conversation() -> None:
    said = [
        HumanMessage("Hi, I'm Ann"),
        AIMessage("Nice to meet you, Ann."),
        HumanMessage("What's my name?"),
    ]
    assert "Ann" in str(OfflineChatModel().invoke(said).content)
    assert "do not know" in str(OfflineChatModel().invoke(said[-1:]).content)


# --- Structured output ----------------------------------------------------------------------------


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Person(BaseModel):
    """A person."""

    name: str
    age: int = Field(ge=0)
    city: str = "unknown"


class Order(BaseModel):
    """An order, with everything that a schema can ask for."""

    buyer: Person
    size: Size
    urgent: bool
    quantity: int = Field(ge=1, le=99)
    price: float | None = None
    deliver_on: date
    at: datetime
    colours: list[Literal["red", "green"]]
    notes: str
    extra: dict[str, str]


def test_structured_output_takes_what_the_text_tells() -> None:
    person = (
        OfflineChatModel()
        .with_structured_output(Person)
        .invoke("My name is Ann, I am 34 years old")
    )
    assert person == Person(name="Ann", age=34)


async def test_any_schema_gets_a_valid_object() -> None:
    model = OfflineChatModel().with_structured_output(Order)
    order = await model.ainvoke(
        "My name is Ann. An urgent order of 3 large red ones on 2026-05-01, please"
    )
    assert isinstance(order, Order)
    assert (order.buyer.name, order.size, order.urgent) == ("Ann", Size.LARGE, True)
    assert (order.colours, order.deliver_on) == (["red"], date(2026, 5, 1))


@pytest.mark.parametrize("schema", [Person, Order, Profile, ToDo, UpdateMemory])
@pytest.mark.parametrize("text", ["", "hello", "My name is Ann", "{}[]<>", "-999999999999"])
def test_structured_output_never_fails(schema: type[BaseModel], text: str) -> None:
    assert isinstance(
        OfflineChatModel().with_structured_output(schema).invoke([HumanMessage(text)]), schema
    )


# --- Trustcall ----------------------------------------------------------------------------------


def test_documents_may_come_as_a_dict() -> None:
    extractor = create_extractor(OfflineChatModel(), tools=[Profile], tool_choice="Profile")
    known = {"Profile": {"name": "Ann", "interests": ["chess"], "connections": []}}
    result = extractor.invoke(
        {"messages": [("user", "I moved to Lyon and I love jazz")], "existing": known}
    )
    [profile] = result["responses"]
    assert (profile.name, profile.location, profile.interests) == ("Ann", "Lyon", ["chess", "jazz"])


@pytest.mark.parametrize(
    ("field", "stored", "healed"),
    [
        ("status", "finished", "done"),
        ("status", "doen", "done"),
        ("deadline", "soon", None),
        ("time_to_complete", "30 minutes", 30),
        ("solutions", "call them", []),
    ],
)
def test_a_stored_document_that_no_longer_fits_is_healed(
    field: str, stored: Any, healed: Any
) -> None:
    document = {"task": "Write the report", field: stored}
    extractor = create_extractor(
        OfflineChatModel(),
        tools=[ToDo],
        tool_choice="any",
        enable_inserts=True,
        enable_deletes=True,
    )
    text = "rename the report to Write the annual report"
    result = extractor.invoke({"messages": [("user", text)], "existing": [("1", "ToDo", document)]})
    [todo] = result["responses"]
    assert todo.task == "Write the annual report"
    assert getattr(todo, field) == healed


def test_a_wrong_tool_name_is_corrected() -> None:
    from trustcall._base import _Patch  # the same binding as in trustcall's own loop

    call = AIMessage("", tool_calls=[{"name": "Todo", "args": {"task": "x"}, "id": "7"}])
    error = ToolMessage(
        'Unrecognized tool name: "Todo". You only have access to the following tools: '
        "ToDo, PatchDoc, PatchFunctionErrors. Please call PatchFunctionName with the *correct* "
        "tool name to fix json_doc_id=[7].",
        tool_call_id="7", status="error",
    )  # fmt: skip
    patch = _Patch(OfflineChatModel(), ["ToDo"])
    [fix] = patch.bound.invoke([HumanMessage("x"), call, error]).tool_calls
    assert fix["name"] == "PatchFunctionName"
    assert (fix["args"]["json_doc_id"], fix["args"]["fixed_name"]) == ("7", "ToDo")
