"""The versions of an assistant side by side: what changed, what is current, what is shown."""

from __future__ import annotations

from course_helpers.server.assistant_versions import (
    SHOWN,
    AssistantVersion,
    AssistantVersions,
    version_of,
)
from course_helpers.server.assistants import read_versions
from tests.unit.server.assistants_backend import WORK, client_with
from tests.unit.widgets.widget_backend import ATTACK, Markup


async def test_what_changed_is_marked_by_a_word() -> None:
    role = {"task_maistro_role": "Kind."}
    client = await client_with(WORK, role, {**role, "user_id": "ann"})
    rows = {row["Field"]: row for row in (await read_versions(client, "a1")).rows()}
    one, two, three = "Version 1", "Version 2", "Version 3 (current)"
    assert rows["context.todo_category"] == {
        **{"Field": "context.todo_category", one: "work", two: "left out", three: ""}
    }
    assert rows["context.task_maistro_role"][two] == "changed: Kind."
    assert rows["context.task_maistro_role"][three] == "Kind."
    assert rows["context.user_id"][three] == "new: ann"
    assert rows["name"][two] == "Work"
    assert list(rows)[:2] == ["name", "graph_id"]
    assert list(rows)[-1] == "metadata.team"


async def test_a_copy_of_an_older_version_says_so() -> None:
    client = await client_with(WORK, {"todo_category": "wrok"}, WORK)
    titles = list((await read_versions(client, "a1")).rows()[0])
    assert titles == ["Field", "Version 1", "Version 2", "Version 3, as version 1 (current)"]


def test_only_the_newest_are_shown_and_the_current_one() -> None:
    many = [AssistantVersion(n, {"name": f"{n}"}) for n in range(1, 31)]
    versions = AssistantVersions("Work", 2, many)
    assert [v.number for v in versions.shown()] == [2, *range(31 - SHOWN, 31)]
    assert "without 24 older ones" in versions._repr_html_()
    assert repr(versions) == "Work: 30 versions, 2 is current"
    newest = AssistantVersions("Work", 30, many)
    assert [v.number for v in newest.shown()] == list(range(31 - SHOWN, 31))


def test_values_that_are_no_text_and_missing_parts() -> None:
    version = version_of({"version": 1, "context": None, "metadata": {"n": [1, "ä"], "none": None}})
    assert version.fields == {"metadata.n": '[1, "ä"]', "metadata.none": "null"}


def test_hostile_versions_are_only_text() -> None:
    fields = {"name": ATTACK, f"context.{ATTACK}": ATTACK}
    versions = AssistantVersions(ATTACK, 1, [AssistantVersion(1, fields)])
    markup = versions._repr_html_()
    assert not {"script", "img"} & set(Markup(markup).tags)
    assert markup.count("&lt;script&gt;") == 4
    assert repr(AssistantVersions("\x1b[31mred", 1, [])) == "red: 0 versions, 1 is current"
