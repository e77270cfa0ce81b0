"""`langgraph.json`, the settings file and the helpers say the same."""

from __future__ import annotations

import json
import re

import pytest
from dotenv import dotenv_values
from packaging.requirements import Requirement

from configuration import PROVIDERS, Configuration
from course_helpers.core.settings import DEPLOYMENT, GRAPH, PROVIDER_KEYS, ROOT
from course_helpers.doctor.deployment import config_findings
from course_helpers.doctor.deployment_files import requirements
from course_helpers.server.memories import namespace
from task_maistro import MEMORIES, graph, memory_namespace

CONFIG = json.loads((DEPLOYMENT / "langgraph.json").read_text())
EXAMPLE = DEPLOYMENT / ".env.example"


def test_the_deployment_has_no_fault() -> None:
    # The settings file is the learner's own: there may be none yet.
    wrong = [f for f in config_findings(DEPLOYMENT) if not f.ok and f.name != "Settings file"]
    assert wrong == []
    assert EXAMPLE.is_file()


def test_the_server_brings_checkpointer_and_store() -> None:
    assert CONFIG["graphs"] == {GRAPH: "./task_maistro.py:graph"}
    assert graph.name == GRAPH
    assert graph.checkpointer is None
    assert graph.store is None


def test_the_example_holds_no_secret_and_every_variable_that_the_deployment_reads() -> None:
    values = dotenv_values(EXAMPLE)
    assert not [name for name, value in values.items() if name.endswith("KEY") and value]
    files = DEPLOYMENT.rglob("*.py")
    sources = [p for p in files if "engine" not in p.relative_to(DEPLOYMENT).parts]
    read = {
        name
        for source in sources
        for name in re.findall(r'environ(?:ment\(|\.get\(|\[)\s*"(\w+)"', source.read_text())
    }
    assert {"TASK_MAISTRO_MODEL", "TASK_MAISTRO_USER_ID"} <= read
    assert read <= values.keys()


def test_keys_and_data_stay_out_of_git() -> None:
    lines = (ROOT / ".gitignore").read_text().splitlines()
    assert {f"deployment/{CONFIG['env']}", ".langgraph_api/"} <= set(lines)


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
    assert requirements(DEPLOYMENT / "requirements.txt").endswith("each with an upper bound")
