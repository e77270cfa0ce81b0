"""Whether a server is ready, and what it reports about itself."""

from __future__ import annotations

from typing import Any

import httpx

from course_helpers.core.errors import RECONNECT, ServerError
from course_helpers.core.settings import GRAPH


def missing_graphs(url: str, graphs: list[str]) -> list[str] | None:
    """Return which graphs a server has not loaded, or None if it does not answer.

    `/ok` answers before the graphs are loaded, so that each graph's assistant is searched for too.
    """
    try:
        # A busy server needs time. Loading certificates, which http does not need, takes 30 ms.
        with httpx.Client(base_url=url, timeout=5.0, verify=url.startswith("https")) as http:
            http.get("/ok").raise_for_status()
            return [graph for graph in graphs if not _is_loaded(http, graph)]
    except httpx.HTTPError:
        return None


def _is_loaded(http: httpx.Client, graph: str) -> bool:
    """Return whether a graph has an assistant; for an unknown graph a server may answer 404."""
    found = http.post("/assistants/search", json={"graph_id": graph, "limit": 1})
    return found.status_code != 404 and bool(found.raise_for_status().json())


def server_version(url: str) -> str | None:
    """Return which version of its software a server runs, or None if it does not answer."""
    info = server_info(url)
    return None if info is None else str(info.get("version"))


def server_info(url: str) -> dict[str, Any] | None:
    """Return a server's `/info`, or None if it does not answer."""
    try:
        return dict(httpx.get(f"{url}/info", timeout=2.0).json())
    except (httpx.HTTPError, ValueError):
        return None


def require_ready(url: str, graph: str = GRAPH) -> None:
    """Raise unless a deployment answers and has the graph loaded.

    Raises:
        ServerError: it does not answer, or answers without the graph.
    """
    missing = missing_graphs(url, [graph])
    if missing is None:
        raise ServerError(
            f"Nothing answers at {url}: the server has stopped.",
            RECONNECT,
        )
    if missing:
        raise ServerError(
            f"The server at {url} has no graph {graph!r}.",
            'name it under "graphs" in deployment/langgraph.json and run connect() again',
        )
