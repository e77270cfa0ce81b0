"""`langgraph.json`, the settings file and the helpers say the same."""

from __future__ import annotations

import json
import re

import pytest
from dotenv import dotenv_values
from packaging.requirements import Requirement

from configuration import PROVIDERS, Configuration
from course_helpers.settings import DEPLOYMENT, GRAPH, PROVIDER_KEYS, ROOT
from course_helpers.store import namespace
from task_maistro import MEMORIES, graph, memory_namespace

CONFIG = json.loads((DEPLOYMENT / "langgraph.json").read_text())
EXAMPLE = DEPLOYMENT / ".env.example"


def test_the_graph_that_is_named_is_there() -> None:
    path, _, variable = CONFIG["graphs"][GRAPH].partition(":")
    assert (DEPLOYMENT / path).is_file()
    assert variable == "graph"
    assert graph.name == GRAPH
    assert graph.checkpointer is None
    assert graph.store is None


def test_every_dependency_and_the_settings_file_are_there() -> None:
    assert all((DEPLOYMENT / folder).is_dir() for folder in CONFIG["dependencies"])
    assert CONFIG["env"] == ".env"
    assert EXAMPLE.is_file()


def test_the_example_holds_no_secret_and_every_variable_that_the_deployment_reads() -> None:
    values = dotenv_values(EXAMPLE)
    assert not [name for name, value in values.items() if name.endswith("KEY") and value]
    sources = DEPLOYMENT.rglob("*.py")
    read = {
        name
        for source in sources
        for name in re.findall(r'environ(?:ment\(|\.get\(|\[)\s*"(\w+)"', source.read_text())
    }
    assert {"TASK_MAISTRO_MODEL", "TASK_MAISTRO_USER_ID"} <= read
    assert read <= values.keys()


def test_keys_and_caches_stay_out_of_git_and_out_of_images() -> None:
    for name in (ROOT / ".gitignore", DEPLOYMENT / ".dockerignore"):
        lines = name.read_text().splitlines()
        assert any(line.endswith(".env") for line in lines)
        assert ".langgraph_api/" in lines


def test_helpers_and_deployment_know_the_same_providers() -> None:
    assert {name: key for name, (_, key) in PROVIDERS.items()} == PROVIDER_KEYS


@pytest.mark.parametrize("user", ["ada", "ada@example.com", "50%.x"])
def test_helpers_and_deployment_agree_on_namespaces(user: str) -> None:
    configuration = Configuration(user_id=user, todo_category="v1.2")
    for memory in MEMORIES.values():
        where = memory_namespace(memory, configuration)
        assert namespace(memory.namespace, user, "v1.2") == list(where)


def test_the_image_installs_what_the_graph_imports() -> None:
    lines = (DEPLOYMENT / "requirements.txt").read_text().splitlines()
    names = {Requirement(line).name for line in lines if line and not line.startswith("#")}
    packages = {package.replace("_", "-") for package, _ in PROVIDERS.values()}
    assert names >= packages | {"langgraph", "langchain", "trustcall"}
    assert all(Requirement(line).specifier for line in lines if line and line[0] != "#")
