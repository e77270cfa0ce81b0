"""Requirements and `.dockerignore`, as the config checker reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_helpers.core.errors import CourseError
from course_helpers.doctor.deployment_files import dockerignore, requirements


def test_requirements_without_an_upper_bound_are_said(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(
        "# a comment\n-r other.txt\n./local\n\nhttpx>=0.28,<1  # why\nrich==14.0 --hash=sha256:0\n"
        "a~=1.2 ; python_version > '3'\nb @ https://example.com/b.zip\n"
    )
    assert requirements(file) == "4 packages, each with an upper bound"
    file.write_text("httpx<1\nlangchain\ntrustcall>=0.0.39 \\\n    --hash=sha256:0\n")
    assert requirements(file) == "3 packages, without an upper bound: langchain, trustcall"


@pytest.mark.parametrize(
    ("patterns", "ok"),
    [
        (".env\n.langgraph_api/\n", True),
        (".env*\n/.langgraph_api\n!.env.example\n", True),
        ("**/.env\r\n**/.langgraph_api/**\r\n", True),
        ("*\n!task_maistro.py\n", True),
        ("# .env\n.langgraph_api\n", False),
        ("env\n.langgraph_api\n", False),
        (".env\n", False),
        ("*\n!.env\n", False),
        ("", False),
    ],
)
def test_what_docker_leaves_out(tmp_path: Path, patterns: str, ok: bool) -> None:
    path = tmp_path / ".dockerignore"
    path.write_text(patterns)
    if ok:
        assert dockerignore(path) == "keeps .env and .langgraph_api out of the image"
        return
    with pytest.raises(CourseError) as caught:
        dockerignore(path)
    kept = caught.value.fix.removeprefix("printf '").partition("'")[0]
    path.write_text(patterns + kept.replace("\\n", "\n"))  # as the command would
    assert dockerignore(path)
