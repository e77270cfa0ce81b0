"""task_maistro: a to-do agent that remembers you.

One node talks (`task_maistro`). When something is worth remembering it calls the tool
`UpdateMemory`, and the router sends the run to the node that keeps that kind of memory:
the user's profile, the to-do list, or the instructions for handling it. Each of the three asks
trustcall to extract the new facts as JSON patches, writes them to the store and reports back.

The graph is compiled without a checkpointer and without a store: the server brings both.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import count, takewhile
from typing import Any, Literal, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from langchain_core.messages import SystemMessage, ToolCall, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore, PutOp, SearchItem
from pydantic import BaseModel, Field
from trustcall import ExtractionOutputs, create_extractor

from configuration import Configuration, SetupError, chat_model, current_time

Document = dict[str, Any]  # a stored value
Documents = dict[str, Document]  # store key -> value

# --- What is remembered ---------------------------------------------------------------------


class Profile(BaseModel):
    """What we know about the user."""

    name: str | None = Field(default=None, description="The user's name")
    location: str | None = Field(default=None, description="Where the user lives")
    job: str | None = Field(default=None, description="The user's job")
    connections: list[str] = Field(
        default_factory=list, description="People in the user's life: family, friends, coworkers"
    )
    interests: list[str] = Field(default_factory=list, description="What the user likes to do")


class ToDo(BaseModel):
    """One task on the user's list."""

    task: str = Field(description="The task, as a short imperative")
    time_to_complete: int | None = Field(default=None, description="Estimated effort in minutes")
    deadline: datetime | None = Field(default=None, description="When it must be done, ISO time")
    solutions: list[str] = Field(
        default_factory=list, description="Concrete, actionable ideas, places or services"
    )
    status: Literal["not started", "in progress", "done", "archived"] = Field(
        default="not started", description="Where the task stands"
    )


class Instructions(BaseModel):
    """How the user wants the to-do list to be kept."""

    rules: list[str] = Field(default_factory=list, description="The user's preferences, one each")


class UpdateMemory(BaseModel):
    """Decide which kind of memory to update."""

    update_type: Literal["user", "todo", "instructions"]


class Memory(NamedTuple):
    """One kind of memory: where it is stored, its schema, and whether it is a list of documents."""

    namespace: str
    schema: type[BaseModel]
    many: bool


MEMORIES = {
    "user": Memory("profile", Profile, many=False),
    "todo": Memory("todo", ToDo, many=True),
    "instructions": Memory("instructions", Instructions, many=False),
}

# --- What the model is told -------------------------------------------------------------------

CHAT_PROMPT = """{role}

You have a long-term memory of three things: the user's profile, their to-do list (category: \
{category}), and their instructions for keeping that list.

<user_profile>
{user}
</user_profile>

<todo_list>
{todo}
</todo_list>

<instructions>
{instructions}
</instructions>

The current time is {now}.

Read the user's latest message and decide:
1. Personal facts about the user: call UpdateMemory with update_type `user`.
2. Tasks to add, change, finish or delete: call UpdateMemory with update_type `todo`.
3. Preferences about how to keep the list: call UpdateMemory with update_type `instructions`.
Call it once for each kind that applies, and not at all for a question or small talk.
Then answer naturally. Say what you did with the to-do list; do not mention that you updated the \
profile or the instructions. A question about a task does not create one."""

EXTRACT_PROMPT = """Reflect on the user's latest message and record what belongs into the memory, \
with the tools you are given. Call several tools at once where several documents are concerned. \
Record only what the user said; earlier messages are recorded already.

The current time is {now}."""

# --- Nodes -----------------------------------------------------------------------------------


async def task_maistro(state: MessagesState, runtime: Runtime[Configuration]) -> dict[str, Any]:
    """Answer the user from what is remembered, or ask for a memory to be updated."""
    configuration = Configuration.of(runtime)
    remembered = {
        kind: as_text(await recall(store_of(runtime), memory_namespace(memory, configuration)))
        for kind, memory in MEMORIES.items()
    }
    system = CHAT_PROMPT.format(
        role=configuration.task_maistro_role,
        category=configuration.todo_category,
        now=current_time().isoformat(),
        **remembered,
    )
    model = (await asyncio.to_thread(chat_model)).bind_tools([UpdateMemory])
    reply = await model.ainvoke([SystemMessage(system), *state["messages"]])
    return {"messages": [reply]}


async def update_profile(state: MessagesState, runtime: Runtime[Configuration]) -> dict[str, Any]:
    """Record personal facts about the user."""
    return await update_memory("user", state, runtime)


async def update_todos(state: MessagesState, runtime: Runtime[Configuration]) -> dict[str, Any]:
    """Add, change, finish or delete to-dos."""
    return await update_memory("todo", state, runtime)


async def update_instructions(
    state: MessagesState, runtime: Runtime[Configuration]
) -> dict[str, Any]:
    """Record how the user wants the list to be kept."""
    return await update_memory("instructions", state, runtime)


NODES = {"user": "update_profile", "todo": "update_todos", "instructions": "update_instructions"}


def route_message(state: MessagesState) -> list[str] | str:
    """Send the run to a node for each kind of memory the model asked for, or end it."""
    last = state["messages"][-1]
    kinds = {call["args"].get("update_type") for call in getattr(last, "tool_calls", [])}
    return [node for kind, node in NODES.items() if kind in kinds] or END


# --- How a memory is updated ----------------------------------------------------------------


async def update_memory(
    kind: str, state: MessagesState, runtime: Runtime[Configuration]
) -> dict[str, Any]:
    """Extract what is new, write it in one batch, and answer every tool call of this kind."""
    memory, store = MEMORIES[kind], store_of(runtime)
    namespace = memory_namespace(memory, Configuration.of(runtime))
    calls = calls_for(kind, state)
    new_key = partial(document_key, memory, calls[0]["id"])
    stored = await recall(store, namespace)
    replayed = replayed_keys(memory, stored, new_key)
    before = {key: value for key, value in stored.items() if key not in replayed}
    result = await extract(memory, state["messages"][:-1], before)
    after = apply(result, before, new_key)
    await write(store, namespace, stored, after)
    report = report_changes(memory, before, after, refused=refused_calls(result))
    return {"messages": [ToolMessage(report, tool_call_id=call["id"]) for call in calls]}


def calls_for(kind: str, state: MessagesState) -> list[ToolCall]:
    """Return the calls of `UpdateMemory` in the last message that ask for one kind of memory."""
    calls = getattr(state["messages"][-1], "tool_calls", [])
    return [call for call in calls if call["args"].get("update_type") == kind]


def document_key(memory: Memory, tool_call_id: str | None, index: int) -> str:
    """Return the store key of the document that a tool call creates as its index-th.

    It is derived from the call, not random: a node that is run again writes to the same keys.
    """
    return str(uuid5(NAMESPACE_OID, f"{tool_call_id}/{index}")) if memory.many else memory.namespace


def replayed_keys(
    memory: Memory, stored: Documents, new_key: Callable[[int], str]
) -> frozenset[str]:
    """Return what this very tool call has written before, if its node failed after that.

    These documents are not "existing" for the second attempt, which overwrites them.
    """
    if not memory.many:
        return frozenset()
    return frozenset(takewhile(stored.__contains__, map(new_key, count())))


async def extract(memory: Memory, messages: list[Any], known: Documents) -> ExtractionOutputs:
    """Let trustcall turn the conversation into new documents and patches to known ones."""
    name = memory.schema.__name__
    extractor = create_extractor(
        await asyncio.to_thread(chat_model),
        tools=[memory.schema],
        tool_choice="any",
        enable_inserts=memory.many,
        enable_deletes=memory.many,
    )
    prompt = SystemMessage(EXTRACT_PROMPT.format(now=current_time().isoformat()))
    existing = [(key, name, value) for key, value in known.items()] or None
    inputs: Any = {"messages": [prompt, *messages], "existing": existing}
    # The limit bounds trustcall's own loop, which repeats a failing model call without a count.
    return await extractor.ainvoke(inputs, {"recursion_limit": 20})


def apply(result: ExtractionOutputs, before: Documents, new_key: Callable[[int], str]) -> Documents:
    """Return the documents as they are after all of trustcall's answers."""
    after, new_keys = dict(before), map(new_key, count())
    for response, meta in zip(result["responses"], result["response_metadata"], strict=True):
        removed = getattr(response, "json_doc_id", None)  # trustcall's RemoveDoc
        if removed is not None:
            after.pop(removed, None)
            continue
        document = response.model_dump(mode="json")
        key = meta.get("json_doc_id") or next(new_keys)
        if key in after:
            after[key] = merge(before.get(key, {}), after[key], document)
        elif key not in before:  # else an earlier answer removed it
            after[key] = document
    return after


def merge(base: Document, ours: Document, theirs: Document) -> Document:
    """Return `ours` with every change that `theirs` made to `base`; lists keep both additions.

    Trustcall applies each patch to the *original* document, so that several patches to one
    document come back as rival versions of it.
    """
    merged = dict(ours)
    for name, value in theirs.items():
        if value != base.get(name):
            both_lists = isinstance(value, list) and isinstance(ours.get(name), list)
            merged[name] = merge_lists(base.get(name), ours[name], value) if both_lists else value
    return merged


def merge_lists(base: list[str] | None, ours: list[str], theirs: list[str]) -> list[str]:
    """Return `ours` without what `theirs` removed from `base`, and with what it added."""
    old = base or []
    kept = [item for item in ours if item in theirs or item not in old]
    return kept + [item for item in theirs if item not in kept and item not in old]


async def write(
    store: BaseStore, namespace: tuple[str, ...], stored: Documents, after: Documents
) -> None:
    """Write all differences in one batch, so that none of them is there without the others."""
    keys = [key for key in stored | after if stored.get(key) != after.get(key)]
    if keys:  # a value of None deletes
        await store.abatch([PutOp(namespace, key, after.get(key)) for key in keys])


def refused_calls(result: ExtractionOutputs) -> int:
    """Return how many tool calls still did not fit the schema after trustcall's last attempt."""
    return sum(len(m.tool_calls) for m in result["messages"]) - len(result["responses"])


def report_changes(memory: Memory, before: Documents, after: Documents, refused: int) -> str:
    """Tell the model every change, one a line, so that it tells the user no other."""
    lines = []
    for key in before | after:
        old, new = before.get(key), after.get(key)
        name = as_json((old or new or {}).get("task", memory.namespace))
        if new is None:
            lines.append(f"deleted {name}")
        elif old is None:
            lines.append(f"added {name}: {as_json({k: v for k, v in new.items() if v})}")
        elif old != new:
            lines.append(f"changed {name}: {changed_fields(old, new)}")
    if refused:
        lines.append(f"not saved: {refused} change(s) that do not fit {memory.schema.__name__}")
    return "\n".join(lines) or "nothing changed"


def changed_fields(old: Document, new: Document) -> str:
    """Return each field that changed with its old and its new value."""
    return "; ".join(
        f"{name} {as_json(old.get(name))} -> {as_json(new.get(name))}"
        for name in old | new
        if old.get(name) != new.get(name)
    )


# --- The store -----------------------------------------------------------------------------


def store_of(runtime: Runtime[Configuration]) -> BaseStore:
    """Return the store that the server, or whoever compiled the graph, has put into it."""
    if runtime.store is None:
        raise SetupError(
            "task_maistro has no store. A server brings one; in a script or notebook, run "
            "builder.compile(store=InMemoryStore())."
        )
    return runtime.store


def memory_namespace(memory: Memory, configuration: Configuration) -> tuple[str, str, str]:
    """Return where this user's memory is stored: (kind, category, user).

    Labels may not hold a period (https://reference.langchain.com/python/langgraph/store/), and
    many user ids are e-mail addresses, so it is percent-encoded.
    """
    labels = (configuration.todo_category, configuration.user_id)
    category, user = (label.replace("%", "%25").replace(".", "%2E") for label in labels)
    return (memory.namespace, category, user)


async def recall(store: BaseStore, namespace: tuple[str, ...]) -> Documents:
    """Return all documents of a namespace, oldest first (a search alone returns ten)."""
    items: list[SearchItem] = []
    while page := await store.asearch(namespace, limit=100, offset=len(items)):
        items += page
    own = [item for item in items if item.namespace == namespace]  # a search finds longer ones too
    own.sort(key=lambda item: (item.created_at, item.key))
    return {item.key: item.value for item in own}


def as_json(value: Any) -> str:
    """Return JSON in which no stored text can close one of the prompt's tags."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def as_text(documents: Documents) -> str:
    """Return documents as the prompt shows them, one a line."""
    return "\n".join(as_json(value) for value in documents.values()) or "(empty)"


# --- The graph -----------------------------------------------------------------------------

builder = StateGraph(MessagesState, context_schema=Configuration)
builder.add_node(task_maistro)
builder.add_node(update_profile)
builder.add_node(update_todos)
builder.add_node(update_instructions)
builder.add_edge(START, "task_maistro")
builder.add_conditional_edges("task_maistro", route_message, [*NODES.values(), END])
builder.add_edge("update_profile", "task_maistro")
builder.add_edge("update_todos", "task_maistro")
builder.add_edge("update_instructions", "task_maistro")

graph = builder.compile(name="task_maistro")
