"""The reference sheet says what the code says."""

from __future__ import annotations

import re

from dotenv.parser import parse_stream
from langgraph_cli.cli import cli

import course_helpers
from course_helpers.core.settings import DEPLOYMENT, ROOT
from tests.reference import rows


def test_every_make_target_is_there_and_no_other() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
    listed = {
        re.sub(r"`make ([a-z-]+).*`", r"\1", row[0]) for row in rows("Commands of the course")
    }
    assert listed == targets


def test_the_commands_of_langgraph_exist() -> None:
    listed = [row[0].strip("`").split()[1] for row in rows("Commands of LangGraph")]
    assert set(listed) <= set(cli.commands)


def test_every_setting_is_there_and_no_other() -> None:
    with (DEPLOYMENT / ".env.example").open() as lines:
        texts = [binding.original.string for binding in parse_stream(lines)]
    names = {m[1] for text in texts for m in re.finditer(r"^#? ?([A-Z_]{4,})=", text, re.M)}
    assert {row[0].strip("`") for row in rows("Settings in `deployment/.env`")} == names


def test_every_name_of_the_face_is_there_and_no_other() -> None:
    cells = [row[0] for row in rows("Names in `course_helpers`")]
    listed = {name for cell in cells for name in re.findall(r"`(\w+)", cell)}
    assert listed == set(course_helpers.__all__)


def test_the_glossary_is_in_order_and_its_terms_are_used() -> None:
    terms = [row[0].strip("*") for row in rows("Glossary")]
    assert terms == sorted(terms)
    notebooks = (ROOT / "notebooks").glob("[0-9]*.ipynb")
    lessons = " ".join(path.read_text() for path in notebooks).lower()
    assert [term for term in terms if term not in lessons] == []
