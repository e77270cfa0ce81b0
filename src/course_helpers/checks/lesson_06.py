"""Self-checks of lesson 06, Double-texting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError, NotFoundError, UnprocessableEntityError

from course_helpers.checks.result import Result
from course_helpers.lanes import Deployment
from course_helpers.lessons.busy_thread import BusyThread, busy_thread
from course_helpers.server.memories import namespace, read_memories

ACTIVE = ("pending", "running")
PATIENCE = "patience"  # the category of to-dos of `patient_sender`


async def predicted_runs(server: Deployment, thread_id: Any, prediction: Any) -> Result:
    """Three runs on one thread, the second enqueued, the third with interrupt, and their ends.

    Args:
        server: what `connect()` returned.
        thread_id: the learner's thread.
        prediction: the three statuses that the learner expects, oldest run first.
    """
    if not isinstance(prediction, (list, tuple)) or len(prediction) != 3 or ... in prediction:
        return Result(False, "Did you put three statuses into my_prediction? Guess first.")
    if (runs := await _runs(server.client, thread_id)) is None:
        return Result(False, "Does my_thread_id hold the id of a thread on this server?")
    strategies = [run["multitask_strategy"] for run in runs]
    if strategies != ["enqueue", "enqueue", "interrupt"]:
        return Result(
            False,
            f"I see runs with {', '.join(strategies) or 'no strategy at all'}. Is there a first "
            "one, one with enqueue, and one with interrupt?",
        )
    statuses = [run["status"] for run in runs]
    if active := [status for status in statuses if status in ACTIVE]:
        return Result(False, f"A run is still {active[0]}. Did you wait for the last one?")
    return _compared([str(status) for status in prediction], statuses)


def _compared(prediction: Sequence[str], statuses: Sequence[str]) -> Result:
    if statuses[0] == "success":
        return Result(
            False,
            "The first run ended before the third arrived. Did you send both right after "
            "busy_thread()?",
        )
    wrong = [n for n in range(3) if prediction[n] != statuses[n]]
    if not wrong:
        return Result(True, "As you predicted: interrupt stops all active runs of its thread.")
    which = ("first", "second", "third")[wrong[0]]
    return Result(
        False,
        f"For the {which} run you predicted {prediction[wrong[0]]!r}. What does its row in the "
        "timeline say, and which runs does interrupt interrupt?",
    )


async def edited(server: Deployment, thread_id: Any, user_id: str, category: str) -> Result:
    """An edited message: thread and to-dos are as if the first version had never been sent.

    Args:
        server: what `connect()` returned.
        thread_id: the learner's thread.
        user_id: who asked.
        category: of the to-dos.
    """
    client = server.client
    if (runs := await _runs(client, thread_id)) is None:
        return Result(False, "Does edited_thread_id hold the id of a thread on this server?")
    if any(run["status"] in ACTIVE for run in runs):
        return Result(False, "A run is still active on that thread. Did you wait for the last one?")
    state = await client.threads.get_state(thread_id)
    said = [m["content"] for m in _messages(state["values"]) if m["type"] == "human"]
    if len(said) != 1 or "nice" not in str(said[0]).lower():
        return Result(
            False,
            f"The user's messages there: {said}. Which strategy leaves only the edited one?",
        )
    if [run["multitask_strategy"] for run in runs] != ["rollback"]:
        return Result(False, "Did the first message ever run? Send both, as Nora did.")
    return _listed([str(t.get("task")) for t in await _todos(client, user_id, category)])


def _listed(tasks: Sequence[str]) -> Result:
    listed = " ".join(tasks).lower()
    if "nice" not in listed:
        return Result(False, f"The list holds {list(tasks)}. Where is the train to Nice?")
    if "lyon" in listed:
        return Result(
            False,
            "The thread is right, and the train to Lyon is still on the list. Which of the two "
            "does rollback undo, and who has to see to the other?",
        )
    return Result(True, "Thread and list look as if Lyon had never been mentioned.")


async def patient_sender(server: Deployment, send: Any, user_id: str) -> Result:
    """A function that sends with `reject` and, when refused, waits and sends again.

    Args:
        server: what `connect()` returned.
        send: the learner's; it gets a thread's id and a text.
        user_id: whose to-do the busy thread is about.
    """
    if not callable(send):
        return Result(False, "Did you write send_patiently? It is to be a function.")
    client = server.client
    busy = await busy_thread(client, user_id, PATIENCE)
    try:
        return await _tried(client, send, busy)
    finally:
        await client.threads.delete(busy.thread_id)
        where = namespace("todo", user_id, PATIENCE)
        for item in (await client.store.search_items(where, limit=100))["items"]:
            await client.store.delete_item(item["namespace"], item["key"])


async def _tried(
    client: LangGraphClient, send: Callable[[str, str], Awaitable[Any]], busy: BusyThread
) -> Result:
    """Let the learner's function send on a busy thread, and judge the runs that it leaves."""
    try:
        sent = send(busy.thread_id, "Remind me to buy milk.")
        if not isinstance(sent, Awaitable):
            return Result(False, "Does your function begin with async def?")
        await sent
    except ConflictError:
        return Result(False, "The 409 came through. Do you catch ConflictError and then wait?")
    except Exception as error:
        return Result(False, f"Your function ended with {type(error).__name__}: {error}")
    runs = await _runs(client, busy.thread_id) or []
    strategies = [run["multitask_strategy"] for run in runs]
    if len(runs) < 2:
        return Result(False, "Nothing was sent after the first run. Do you send again?")
    if len(runs) > 2 or runs[0]["run_id"] != busy.run_id:
        return Result(False, f"I see {len(runs)} runs. Does it send each message only once?")
    if strategies[1] != "reject":
        return Result(
            False, f"The second run came with {strategies[1]!r}. Can you do it with reject?"
        )
    await client.runs.join(busy.thread_id, runs[1]["run_id"])
    ends = [run["status"] for run in await _runs(client, busy.thread_id) or []]
    if ends != ["success", "success"]:
        return Result(False, f"The two runs ended with {ends}. What became of the first?")
    return Result(True, "Refused, waited, sent again: two runs, one after the other.")


async def _runs(client: LangGraphClient, thread_id: Any) -> list[Any] | None:
    """Return a thread's runs, oldest first; None if there is no such thread."""
    if not isinstance(thread_id, str) or not thread_id:
        return None
    try:
        await client.threads.get(thread_id)
        return list(reversed(await client.runs.list(thread_id, limit=100)))
    except (NotFoundError, UnprocessableEntityError):  # unknown, or not a UUID at all
        return None


async def _todos(client: LangGraphClient, user_id: str, category: str) -> Sequence[dict[str, Any]]:
    return (await read_memories(client, user_id, category)).todos


def _messages(values: Any) -> list[dict[str, Any]]:
    return values.get("messages", []) if isinstance(values, dict) else []
