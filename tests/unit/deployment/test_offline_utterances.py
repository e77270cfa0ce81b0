"""What people say to the agent, and what must be in the store or in the reply afterwards.

Each row drives the whole graph, which is compiled once: every conversation has a user of its own.
The clock stands at Wednesday 4 March 2026, 9:00.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore

import task_maistro
from configuration import Configuration

NOW = "2026-03-04T09:00:00"
STORE = InMemoryStore()
GRAPH = task_maistro.builder.compile(store=STORE, checkpointer=InMemorySaver())
USERS = map("user-{}".format, count())
HOME: dict[str, dict[str, Any]] = {  # the list that most updates and questions start from
    "dentist": {"task": "Call the dentist", "deadline": "2026-03-06T23:59:00"},
    "report": {
        "task": "Write the report",
        "deadline": "2026-03-12T23:59:00",
        "time_to_complete": 120,
    },
    "milk": {"task": "Buy milk"},
    "flight": {"task": "Book the flight to Rome", "deadline": "2026-04-20T23:59:00"},
    "tax": {"task": "Pay the tax bill", "deadline": "2026-03-02T23:59:00"},
    "gift": {"task": "Wrap the gift", "status": "done"},
}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_MAISTRO_NOW", NOW)
    monkeypatch.delenv("TASK_MAISTRO_MODEL", raising=False)
    monkeypatch.delenv("OFFLINE_TOKENS_PER_SECOND", raising=False)


@dataclass
class Outcome:
    """What a conversation left behind."""

    reply: str
    todos: dict[str, dict[str, Any]]  # by key: those of HOME by their names, new ones by task
    profile: dict[str, Any] = field(default_factory=dict)
    rules: list[str] = field(default_factory=list)


async def converse(
    *says: str,
    todos: dict[str, dict[str, Any]] | None = None,
    profile: dict[str, Any] | None = None,
) -> Outcome:
    user = next(USERS)
    for key, value in (todos or {}).items():
        stored = task_maistro.ToDo(**value).model_dump(mode="json")
        await STORE.aput(("todo", "general", user), key, stored)
    if profile:
        stored = task_maistro.Profile(**profile).model_dump(mode="json")
        await STORE.aput(("profile", "general", user), "profile", stored)
    context, thread = Configuration(user_id=user), {"configurable": {"thread_id": user}}
    for text in says:
        state = await GRAPH.ainvoke({"messages": [("user", text)]}, thread, context=context)

    def stored_in(kind: str) -> list[Any]:
        return STORE.search((kind, "general", user), limit=100)

    home = set(todos or {})
    profiles = [item.value for item in stored_in("profile")]
    rules = [rule for item in stored_in("instructions") for rule in item.value["rules"]]
    return Outcome(
        reply=state["messages"][-1].content,
        todos={
            i.key if i.key in home else i.value["task"].lower(): i.value for i in stored_in("todo")
        },
        profile={k: v for doc in profiles for k, v in doc.items() if v},
        rules=rules,
    )


# --- New to-dos: utterance → {task: start of its deadline, or None} ------------------------------

FRIDAY, NEXT_FRIDAY, TODAY, TOMORROW = "2026-03-06", "2026-03-13", "2026-03-04", "2026-03-05"
ADD: list[tuple[str, dict[str, str | None]]] = [
    ("Remind me to call the dentist by Friday", {"call the dentist": FRIDAY}),
    ("I need to buy milk", {"buy milk": None}),
    ("buy bread and butter", {"buy bread and butter": None}),
    ("Buy milk and call mom", {"buy milk": None, "call mom": None}),
    ( "buy milk, call the dentist and book the flight by Friday", {"buy milk": FRIDAY, "call the dentist": FRIDAY, "book the flight": FRIDAY}, ),
    ( "I have to finish the slides by next Friday and water the plants tomorrow.", {"finish the slides": NEXT_FRIDAY, "water the plants": TOMORROW}, ),
    ("My boss asked me to send her the quarterly report by end of next week", {"send her the quarterly report": "2026-03-15"}),
    ("Could you add 'renew passport' to my list?", {"renew passport": None}),
    ("Can you remind me to pick up the kids at 5pm?", {"pick up the kids": f"{TODAY}T17:00"}),
    ("The tax return is due Monday", {"tax return": "2026-03-09"}),
    ("todo: clean the garage this weekend", {"clean the garage": "2026-03-08"}),
    ("Things to do:\n- buy eggs\n- call Bob\n- fix the bike by Sunday", {"buy eggs": None, "call bob": None, "fix the bike": "2026-03-08"}),
    ("1. Write the intro\n2. Send the draft to Eva", {"write the intro": None, "send the draft to eva": None}),
    ("I need to swing by local DMV by end of November to renew my license", {"swing by local dmv to renew my license": "2026-11-30"}),
    ("My wife asked me to book swim lessons for the baby.", {"book swim lessons for the baby": None}),
    ("Please add a task to review the pull request, it takes 30 minutes", {"review the pull request": None}),
    ("I should really call my grandmother", {"call my grandmother": None}),
    ("We have to submit the application before 3/20", {"submit the application": "2026-03-19"}),
    ("Don't forget the concert tickets", {"concert tickets": None}),
    ("add milk to my list", {"milk": None}),
    ("Put 'order printer ink' on my to-do list please", {"order printer ink": None}),
    ("remember to back up the laptop in two weeks", {"back up the laptop": "2026-03-18"}),
    ("I've got to return the library books the day after tomorrow", {"return the library books": "2026-03-06"}),
    ("Schedule a meeting with Tom on the 15th", {"schedule a meeting with tom": "2026-03-15"}),
    ("I must not forget to water the plants tonight", {"water the plants": TODAY}),
    ("Also, I want to learn Spanish", {"learn spanish": None}),
    ("remind me tomorrow at 9:30 to call the bank", {"call the bank": f"{TOMORROW}T09:30"}),
    ("Make sure I send the invoice by noon", {"send the invoice": f"{TODAY}T12:00"}),
    ("I need to read chapter 3 and to write a summary", {"read chapter 3": None, "write a summary": None}),
    ("I have a dentist appointment on Friday at 3pm", {"dentist appointment": f"{FRIDAY}T15:00"}),
    ("buy a present for Tom's birthday on 3 Nov 2026", {"buy a present for tom's birthday": "2026-11-03"}),
    ("Hey, I gotta prepare the presentation for next week", {"prepare the presentation": "2026-03-15"}),
    ("create a reminder to take out the trash", {"take out the trash": None}),
    ("I'm supposed to deliver the parcel on 2026-12-01", {"deliver the parcel": "2026-12-01"}),
    ("I want to plan the trip, book a hotel and rent a car", {"plan the trip": None, "book a hotel": None, "rent a car": None}),
    ("new task: paint the fence by the end of the week", {"paint the fence": "2026-03-08"}),
    ("I need to march in the parade in May", {"march in the parade": "2026-05-31"}),
    ("Write to the landlord about the second window", {"write to the landlord about the second window": None}),
    ("Please remind me to renew my driving licence before the end of June.", {"renew my driving licence": "2026-06"}),
    ("I'd like to go to the gym tomorrow morning", {"go to the gym": TOMORROW}),
    ("Note down: email the landlord, fix the sink, vacuum the car", {"email the landlord": None, "fix the sink": None, "vacuum the car": None}),
    ("My manager wants me to prepare a demo for Thursday", {"prepare a demo": TOMORROW}),
    ("We're out of coffee, remind me to get some on Saturday", {"get some": "2026-03-07"}),
    ("I have to pick up a parcel at 6pm today and also order pizza", {"pick up a parcel": f"{TODAY}T18:00", "order pizza": None}),
    ("could you please add a reminder to water the cactus every Friday?", {"water the cactus every friday": None}),
    ("Add to my list: walk the dog; feed the cat", {"walk the dog": None, "feed the cat": None}),
    ("I need to submit my thesis in 3 weeks, it will take 40 hours", {"submit my thesis": "2026-03-25"}),
    ("Please add: review PR, deploy to staging, write release notes by Friday", {"review pr": FRIDAY, "deploy to staging": FRIDAY, "write release notes": FRIDAY}),
    ("Need to call back City Toyota to schedule car service.", {"call back city toyota to schedule car service": None}),
    ("I still have to fill in the tax form and mail it by the 10th", {"fill in the tax form": "2026-03-10", "mail it": "2026-03-10"}),
    ("Add two tasks: iron shirts and polish shoes", {"iron shirts": None, "polish shoes": None}),
    ("I need to call Bob, and I have to cancel the gym", {"call bob": None, "cancel the gym": None}),
    ("I want to go running every morning", {"go running every morning": None}),
    ("Remind me to buy a present for my sister and to water the plants tomorrow.", {"buy a present for my sister": TOMORROW, "water the plants": TOMORROW}),
    ("I need to renew my passport before the end of the month", {"renew my passport": "2026-03-30"}),
    ("can you add buy cat food to my list", {"buy cat food": None}),
    ("Please remind me to email Sarah on Monday at 2pm", {"email sarah": "2026-03-09T14:00"}),
    ("I have to fix the login bug, write the tests and update the docs by Thursday", {"fix the login bug": "2026-03-05", "write the tests": "2026-03-05", "update the docs": "2026-03-05"}),
    ("My landlord wants me to send him the signed contract by March 15", {"send him the signed contract": "2026-03-15"}),
    ("hey, don't forget to order the birthday cake for Saturday", {"order the birthday cake": "2026-03-07"}),
    ("I should call my grandma this weekend", {"call my grandma": "2026-03-08"}),
    ("Things I need to do: book a haircut, return the shoes", {"book a haircut": None, "return the shoes": None}),
    ("Add a task to prepare slides for the team meeting next Tuesday", {"prepare slides for the team meeting": "2026-03-10"}),
    ("The electricity bill is due on the 20th", {"electricity bill": "2026-03-20"}),
]  # fmt: skip

# --- Changes: utterance on HOME → {to-do: its changed fields, or None if deleted} -------------------

CHANGE: list[tuple[str, dict[str, dict[str, Any] | None]]] = [
    ("I finished the report", {"report": {"status": "done"}}),
    ("the report is done", {"report": {"status": "done"}}),
    ("I've started the report", {"report": {"status": "in progress"}}),
    ("I'm working on the tax bill now", {"tax": {"status": "in progress"}}),
    ("Move the dentist to next Friday", {"dentist": {"deadline": NEXT_FRIDAY}}),
    ("postpone the flight until the end of the month please", {"flight": {"deadline": "2026-03-31"}}),
    ("Reschedule the dentist call to tomorrow at 10am", {"dentist": {"deadline": f"{TOMORROW}T10:00"}}),
    ("rename the report to Write the annual report", {"report": {"task": "Write the annual report"}}),
    ("OK, for the dentist one, by Tuesday", {"dentist": {"deadline": "2026-03-10"}}),
    ("mark the milk as done", {"milk": {"status": "done"}}),
    ("Delete the milk", {"milk": None}),
    ("remove the flight from my list", {"flight": None}),
    ("Cancel the dentist", {"dentist": None}),
    ("forget about the report", {"report": None}),
    ("delete everything that is done", {"gift": None}),
    ("delete the milk and the flight", {"milk": None, "flight": None}),
    ("clear all my to-dos", dict.fromkeys(HOME)),
    ("I bought the milk and paid the tax bill", {"milk": {"status": "done"}, "tax": {"status": "done"}}),
    ("I finished the report and the tax bill, and move the dentist to Monday", {"report": {"status": "done"}, "tax": {"status": "done"}, "dentist": {"deadline": "2026-03-09"}}),
    ("I don't need to buy milk anymore", {"milk": None}),
    ("I called the dentist", {"dentist": {"status": "done"}}),
    ("The report is now due on Monday", {"report": {"deadline": "2026-03-09"}}),
    ("Remove the deadline from the flight", {"flight": {"deadline": None}}),
    ("check off milk", {"milk": {"status": "done"}}),
    ("Done with the tax bill!", {"tax": {"status": "done"}}),
    ("Could you push the report back to Friday?", {"report": {"deadline": FRIDAY}}),
    ("I need to call the dentist tomorrow", {"dentist": {"deadline": TOMORROW}}),
    ("never mind the flight", {"flight": None}),
    ("The gift and the milk are done", {"milk": {"status": "done"}}),
    ("I finished the marathon", {}),
    ("delete the elephant", {}),
    ("I bought a car yesterday", {}),
    ("The report is finished, and I have started on the tax bill", {"report": {"status": "done"}, "tax": {"status": "in progress"}}),
    ("Please change the due date of the flight to May 2nd", {"flight": {"deadline": "2026-05-02"}}),
    ("I already paid the tax bill", {"tax": {"status": "done"}}),
    ("scrap the flight, we're not going", {"flight": None}),
    ("You can delete the gift and the tax bill now", {"gift": None, "tax": None}),
    ("the flight is no longer needed", {"flight": None}),
    ("Move the report and the flight to tomorrow", {"report": {"deadline": TOMORROW}, "flight": {"deadline": TOMORROW}}),
    ("set the status of the report to in progress", {"report": {"status": "in progress"}}),
    ("I already bought the milk", {"milk": {"status": "done"}}),
    ("please mark the report as in progress", {"report": {"status": "in progress"}}),
    ("move the flight to May 1", {"flight": {"deadline": "2026-05-01"}}),
    ("I don't need to call the dentist anymore", {"dentist": None}),
    ("Delete the tax bill please", {"tax": None}),
    ("we booked the flight!", {"flight": {"status": "done"}}),
    ("Can you push the report to next Friday?", {"report": {"deadline": "2026-03-13"}}),
    ("I just wrote the report and called the dentist", {"report": {"status": "done"}, "dentist": {"status": "done"}}),
]  # fmt: skip

# --- Facts: utterance → profile fields --------------------------------------------------------

PROFILE: list[tuple[str, dict[str, Any]]] = [
    ("I'm Ann", {"name": "Ann"}),
    ("Hi! My name is Lance Martin.", {"name": "Lance Martin"}),
    ("I live in San Francisco", {"location": "San Francisco"}),
    ("I just moved to Berlin last week", {"location": "Berlin"}),
    ("I work as a nurse", {"job": "nurse"}),
    ("I'm a teacher and I live in Lyon", {"job": "teacher", "location": "Lyon"}),
    ("My wife Eva loves sushi", {"connections": ["Eva (wife)"]}),
    ("my brother is called Tom", {"connections": ["Tom (brother)"]}),
    ("I love hiking and chess", {"interests": ["hiking", "chess"]}),
    ("I really enjoy cooking", {"interests": ["cooking"]}),
    ("My name is Lance. I live in SF with my wife. I have a 1 year old daughter.", {"name": "Lance", "location": "SF"}),
    ("my name is bob", {"name": "Bob"}),
    ("call me Max", {"name": "Max"}),
    ("I am from Madrid", {"location": "Madrid"}),
    ("I'm tired", {}),
    ("I'm in a hurry", {}),
    ("I'm finished", {}),
    ("I would like it", {}),
    ("I'm a software engineer at Acme", {"job": "software engineer at Acme"}),
    ("My colleague Ben and my boss Carla are nice", {"connections": ["Ben (colleague)", "Carla (boss)"]}),
    ("Hi, I'm Grace and I live in Boston", {"name": "Grace", "location": "Boston"}),
    ("I work as a product manager", {"job": "product manager"}),
    ("My sister Julia is visiting", {"connections": ["Julia (sister)"]}),
    ("I love playing tennis and baking", {"interests": ["playing tennis", "baking"]}),
]  # fmt: skip

# --- Preferences: these become a rule, and nothing else -------------------------------------------

RULES = [
    "Always add an estimate to each to-do",
    "Never suggest more than two solutions",
    "When you add a to-do, include local businesses",
    "From now on, write my tasks in capitals",
    "I prefer short titles in my list",
    "Please use British spelling for my to-dos",
    "When creating or updating ToDo items, include specific local businesses / vendors.",
    "I want you to always ask before deleting something",
    "Never put more than five tasks on one day",
    "When creating to-dos, always add a deadline",
]  # fmt: skip

# --- Questions: utterance on HOME → words that the reply holds, words that it does not -----------------

ASK: list[tuple[str, list[str], list[str]]] = [
    ("What's on my list?", ["Call the dentist", "Overdue", "Pay the tax bill", "Buy milk", "No deadline", "Done"], []),
    ("what's due this week?", ["Call the dentist", "Friday 6 March"], ["report", "flight", "milk"]),
    ("What is due next week?", ["Write the report"], ["dentist", "flight"]),
    ("Anything due today?", ["Nothing"], ["Call the dentist"]),
    ("is anything overdue?", ["Pay the tax bill"], ["dentist"]),
    ("what have I done?", ["Wrap the gift"], ["dentist"]),
    ("Summarise my to-dos", ["Write the report", "Next week", "Later", "Book the flight to Rome"], []),
    ("what do you know about me?", ["Ann", "Lyon", "chess"], []),
    ("Where do I live?", ["Lyon"], []),
    ("what is my name?", ["Ann"], []),
    ("How do I want my list kept?", ["not told me"], []),
    ("What should I do first?", ["Pay the tax bill"], []),
    ("When is the report due?", ["Thursday 12 March"], []),
    ("Do I have milk on my list?", ["Buy milk"], []),
    ("Do I need to call the dentist?", ["dentist"], ["added"]),
    ("Should I buy milk?", [], ["added"]),
    ("What do I have to do?", ["Call the dentist"], ["added"]),
    ("Who are you?", ["offline model"], []),
    ("What can you do?", ["Remind me"], []),
    ("Show me my tasks", ["Buy milk"], []),
    ("List everything due by Friday", ["Call the dentist"], ["milk"]),
    ("Give me a quick summary of what is left", ["Call the dentist"], []),
    ("Can you tell me what I have to do tomorrow?", ["Nothing"], []),
    ("It may rain on me", ["understand"], []),
    ("Tell me a joke", ["understand"], []),
    ("qwertz uiop", ["understand"], []),
    ("What are my interests?", ["chess"], []),
    ("which tasks are still open?", ["Buy milk"], ["gift"]),
    ("What's left?", ["Buy milk"], []),
    ("I sat down in the sun", ["understand"], []),
    ("buy milk?", [], ["added"]),
    ("What do I have planned for Friday?", ["Call the dentist"], ["report"]),
    ("Which of my tasks is the most urgent?", ["Pay the tax bill"], []),
    ("Did I already book the flight?", ["Book the flight to Rome", "not started"], []),
    ("What's coming up next week?", ["Write the report"], ["flight"]),
    ("I wonder whether I should call my mother", [], ["added"]),
    ("What is on my list, and what do you know about me?", ["- Buy milk", "Ann", "Lyon"], []),
    ("what do I have to do today?", ["Nothing"], ["Call the dentist"]),
    ("Which tasks are overdue?", ["Pay the tax bill"], ["dentist"]),
    ("Do you remember my name?", ["Ann"], []),
    ("What should I work on first?", ["Pay the tax bill"], []),
    ("is the report done?", ["not started"], []),
    ("What's the weather like?", ["understand"], ["added"]),
]  # fmt: skip

ME = {"name": "Ann", "location": "Lyon", "interests": ["chess"]}


def _has_deadline(todo: dict[str, Any], start: str | None) -> bool:
    return todo["deadline"] is None if start is None else (todo["deadline"] or "").startswith(start)


@pytest.mark.parametrize(("text", "expected"), ADD)
async def test_adds(text: str, expected: dict[str, str | None]) -> None:
    outcome = await converse(text)
    assert set(outcome.todos) == set(expected)
    for task, start in expected.items():
        assert _has_deadline(outcome.todos[task], start), outcome.todos[task]
    assert all(task in outcome.reply.lower() for task in expected)


@pytest.mark.parametrize(("text", "expected"), CHANGE)
async def test_changes(text: str, expected: dict[str, dict[str, Any] | None]) -> None:
    outcome = await converse(text, todos=HOME)
    for key, before in HOME.items():
        changed = expected.get(key, {})
        if changed is None:
            assert key not in outcome.todos
            continue
        wanted = task_maistro.ToDo(**before).model_dump(mode="json") | changed
        deadline = wanted.pop("deadline")
        assert _has_deadline(outcome.todos[key], deadline), outcome.todos[key]
        assert {k: v for k, v in outcome.todos[key].items() if k != "deadline"} == wanted
    assert set(outcome.todos) <= set(HOME), "a change adds nothing"
    if not expected:
        assert "added" not in outcome.reply


@pytest.mark.parametrize(("text", "expected"), PROFILE)
async def test_facts(text: str, expected: dict[str, Any]) -> None:
    outcome = await converse(text)
    assert outcome.profile == expected
    assert not outcome.todos


@pytest.mark.parametrize("text", RULES)
async def test_preferences(text: str) -> None:
    outcome = await converse(text)
    assert len(outcome.rules) == 1
    assert text.split()[-1].strip(".") in outcome.rules[0]
    assert not outcome.todos
    assert not outcome.profile


@pytest.mark.parametrize(("text", "there", "absent"), ASK)
async def test_questions(text: str, there: list[str], absent: list[str]) -> None:
    outcome = await converse(text, todos=HOME, profile=ME)
    assert set(outcome.todos) == set(HOME), "a question changes nothing"
    assert [word for word in there if word not in outcome.reply] == [], outcome.reply
    assert [word for word in absent if word in outcome.reply] == [], outcome.reply


# --- Several turns --------------------------------------------------------------------------------


async def test_it_is_the_to_do_that_was_spoken_of_last() -> None:
    outcome = await converse("When is the report due?", "Move it to next Friday", todos=HOME)
    assert outcome.todos["report"]["deadline"].startswith(NEXT_FRIDAY)
    outcome = await converse("Remind me to call Bob", "Actually, make it Thursday", "I finished it")
    assert outcome.todos["call bob"]["deadline"].startswith(TOMORROW)
    assert outcome.todos["call bob"]["status"] == "done"


async def test_earlier_messages_are_not_recorded_again() -> None:
    outcome = await converse(
        "I need to buy milk", "I need to buy eggs", "delete the milk", "thanks!"
    )
    assert set(outcome.todos) == {"buy eggs"}


async def test_the_same_task_twice_is_one_to_do() -> None:
    outcome = await converse("buy milk", "I need to buy milk by Friday", "Buy milk")
    assert set(outcome.todos) == {"buy milk"}
    assert outcome.todos["buy milk"]["deadline"].startswith(FRIDAY)
    assert "Nothing changed" in outcome.reply


async def test_a_second_update_loses_no_field() -> None:
    outcome = await converse(
        "I'm Ann and I like chess",
        "I moved to Lyon",
        "I also love hiking",
        "my brother Tom is here",
    )
    assert outcome.profile == {
        "name": "Ann", "location": "Lyon", "interests": ["chess", "hiking"], "connections": ["Tom (brother)"],
    }  # fmt: skip


async def test_one_sentence_of_two_kinds() -> None:
    outcome = await converse("I'm Ann, I live in Lyon, and remind me to call the dentist by Friday")
    assert outcome.profile == {"name": "Ann", "location": "Lyon"}
    assert _has_deadline(outcome.todos["call the dentist"], FRIDAY)
    assert "Friday 6 March" in outcome.reply
    assert "Lyon" not in outcome.reply


async def test_rules_add_up_and_are_told() -> None:
    outcome = await converse(
        "Always use short titles", "Never add emojis", "How do I want my list kept?"
    )
    assert len(outcome.rules) == 2
    assert all(word in outcome.reply for word in ("short titles", "emojis"))


async def test_an_update_and_a_question_in_one_message() -> None:
    outcome = await converse("I finished the report. What's still open?", todos=HOME)
    assert outcome.todos["report"]["status"] == "done"
    assert "marked “Write the report” as done" in outcome.reply
    assert "- Buy milk" in outcome.reply
    assert "- Write the report" not in outcome.reply


async def test_what_is_finished_is_not_left() -> None:
    outcome = await converse(
        "Remind me to submit my conference talk and to water the plants",
        "I've submitted the conference talk. What is left?",
    )
    assert outcome.todos["submit my conference talk"]["status"] == "done"
    assert "- Water the plants" in outcome.reply
    assert "- Submit" not in outcome.reply


async def test_replies_group_by_deadline() -> None:
    outcome = await converse(
        "buy soap today", "call Bob tomorrow", "what is on my list?", todos=HOME
    )
    heads = [line for line in outcome.reply.splitlines() if line.endswith(":")]
    assert heads == [f"{name}:" for name in (
        "Overdue", "Today", "Tomorrow", "This week", "Next week", "Later", "No deadline", "Done")]  # fmt: skip


async def test_what_matches_nothing_is_said() -> None:
    outcome = await converse("delete the elephant", todos=HOME)
    assert "no to-do" in outcome.reply
    assert set(outcome.todos) == set(HOME)
