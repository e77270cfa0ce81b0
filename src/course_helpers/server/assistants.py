"""Assistants: listed, read with their versions, and set to one of these."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError as SdkNotFoundError
from langgraph_sdk.errors import UnprocessableEntityError

from course_helpers.core.errors import NotFoundError
from course_helpers.server.assistant_versions import AssistantVersions, config_of, version_of

LIMIT = 1000  # assistants or versions per request: the most that a server sends


@dataclass(frozen=True)
class AssistantSummary:
    """An assistant in a list of assistants; its name may not be unique."""

    assistant_id: str
    name: str
    version: int


async def list_assistants(client: LangGraphClient, limit: int = 100) -> list[AssistantSummary]:
    """Return the server's assistants, the newest first.

    Args:
        client: of a deployment, for instance `server.client`.
        limit: how many at most, 1 to 1,000.
    """
    found = await client.assistants.search(limit=limit)
    return [AssistantSummary(a["assistant_id"], str(a["name"]), a["version"]) for a in found]


async def read_versions(client: LangGraphClient, assistant_id: str) -> AssistantVersions:
    """Read an assistant and its versions, up to `LIMIT` of them.

    Args:
        client: of a deployment, for instance `server.client`.
        assistant_id: the assistant's UUID.

    Raises:
        NotFoundError: there is no such assistant.
    """
    found = await find_versions(client, assistant_id)
    assistant = await read_assistant(client, assistant_id)
    versions = [version_of(version) for version in reversed(found)]
    return AssistantVersions(str(assistant["name"]), assistant["version"], versions)


async def make_current(client: LangGraphClient, assistant_id: str, version: int) -> int:
    """Make a version the one that runs use, with its context; return the current version's number.

    `set_latest` of `langgraph dev` (langgraph-api 0.16.7) does not set the context: runs would keep
    the previous version's. An update then sets it, which makes a new version.

    Args:
        client: of a deployment, for instance `server.client`.
        assistant_id: the assistant's UUID.
        version: the version's number.

    Raises:
        NotFoundError: there is no such assistant or version.
    """
    found = await find_versions(client, assistant_id)
    wanted = next((v for v in found if v["version"] == version), None)
    if wanted is None:
        raise NotFoundError(
            f"The assistant has no version {version}.",
            f"choose one of {', '.join(str(v['version']) for v in reversed(found))}",
        )
    made: dict[str, Any] = dict(await client.assistants.set_latest(assistant_id, version))
    context = wanted.get("context") or {}
    if (made.get("context") or {}) != context:
        config: Any = config_of(wanted)
        made = dict(await client.assistants.update(assistant_id, config=config, context=context))
    return int(made["version"])


async def read_assistant(client: LangGraphClient, assistant_id: str) -> dict[str, Any]:
    """Return an assistant as the server describes it.

    Raises:
        NotFoundError: there is no such assistant.
    """
    with _explaining_not_found(assistant_id):
        return dict(await client.assistants.get(assistant_id))


async def find_versions(client: LangGraphClient, assistant_id: str) -> list[dict[str, Any]]:
    """Return an assistant's versions as the server describes them, the newest first.

    Raises:
        NotFoundError: there is no such assistant.
    """
    with _explaining_not_found(assistant_id):
        found = await client.assistants.get_versions(assistant_id, limit=LIMIT)
    return [dict(version) for version in found]


@contextmanager
def _explaining_not_found(assistant_id: str) -> Iterator[None]:
    """Raise a `NotFoundError` with a fix if the block asks for an assistant that does not exist."""
    try:
        if not assistant_id:  # the SDK would request another address
            raise NotFoundError("No assistant is chosen.", "choose one")
        yield
    except (SdkNotFoundError, UnprocessableEntityError):  # unknown, or not a UUID at all
        raise NotFoundError(
            f"There is no assistant {assistant_id!r} on this server.",
            "find one with: await client.assistants.search()",
        ) from None
