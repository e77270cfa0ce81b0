"""A compose file as Docker Compose understands it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from course_helpers.core import docker_checks
from course_helpers.core.errors import ServerError
from course_helpers.core.masking import is_secret, mask_texts
from course_helpers.core.processes import last_words, run
from course_helpers.core.settings import DEPLOYMENT, load_settings
from course_helpers.core.terminal import show_command
from course_helpers.stack.compose import compose_command, compose_environment

TIMEOUT = 30.0  # seconds
_MESSAGE = re.compile(r'level=warning msg="((?:[^"\\]|\\.)*)"')


class ComposeConfig(dict[str, Any]):
    """A compose file as Compose understands it, with every secret of the settings masked.

    Attributes:
        warnings: what Compose had to say about the file.
    """

    def __init__(self, rendered: dict[str, Any], warnings: list[str]) -> None:
        super().__init__(rendered)
        self.warnings = warnings


def compose_config(folder: Path = DEPLOYMENT, **shell: str) -> ComposeConfig:
    """Return a folder's `docker-compose.yml` with all variables filled in, and print the command.

    Args:
        folder: with the file and its `.env`; by default the stack's.
        shell: variables to set as a shell would.

    Raises:
        DockerError: there is no Docker.
        ServerError: Compose does not understand the file.
    """
    docker_checks.require()
    typed = [*(f"{name}={value}" for name, value in shell.items()), "docker compose config"]
    show_command(" ".join(typed))
    arguments = ("config", "--format", "json")
    stack = folder == DEPLOYMENT
    command = compose_command(*arguments) if stack else ["docker", "compose", *arguments]
    environ = {**(compose_environment() if stack else os.environ), **shell}
    answer = run(command, TIMEOUT, folder, environ)
    if answer.code != 0:
        said = f"Compose does not understand the file: {last_words(answer.err)}."
        raise ServerError(said, f"edit {folder}/docker-compose.yml")
    values = load_settings().environment.items()
    secrets = {value for name, value in values if is_secret(name) and value}
    return ComposeConfig(mask_texts(json.loads(answer.out), secrets), _warnings(answer.err))


def _warnings(said: str) -> list[str]:
    return [match[1].replace("\\", "") for match in _MESSAGE.finditer(said)]
