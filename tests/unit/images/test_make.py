"""The images that came along in a bundle, loaded once and named in the settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotenv import dotenv_values

from course_helpers.core.settings import load_settings
from course_helpers.images import make
from course_helpers.images.make import load_bundled
from tests.unit.shared import make_file


def test_settings_name_the_images_that_came_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here: set[str] = {"python:3.13-slim"}
    env_file = tmp_path / ".env"
    env_file.touch()
    monkeypatch.setattr(make, "ENV_FILE", env_file)
    monkeypatch.setattr(make, "load_settings", lambda: load_settings(env_file, {}))
    monkeypatch.setattr(make, "image_sources", lambda name: "" if name in here else None)
    monkeypatch.setattr(make, "load_images", lambda archive: here.update(held.values()))
    held = {"PYTHON_IMAGE": "mine/python:3.13", "REDIS_IMAGE": "mine/redis:8"}
    make_file(tmp_path / "images.env", "".join(f"{k}={v}\n" for k, v in held.items()))
    load_bundled(tmp_path)
    assert here == {"python:3.13-slim", *held.values()}
    assert dotenv_values(env_file) == {"REDIS_IMAGE": "mine/redis:8"}

    monkeypatch.delattr(make, "load_images")  # what is here is not loaded again
    load_bundled(tmp_path)


def test_a_course_that_is_no_bundle_has_nothing_to_load(tmp_path: Path) -> None:
    load_bundled(tmp_path)
