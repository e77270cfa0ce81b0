"""The store's routes read and write the namespaces that graphs use.

Aegra puts `["users", <identity>]` in front of a client's namespace, which its graphs do not do, so
that a client never sees what a graph has stored. A LangGraph server leaves namespaces alone; who
may see what is for the app's own auth handlers to decide.
"""

from __future__ import annotations

from typing import Any

import aegra_api.api.store as routes


def same_namespace(namespace: list[str], _user: Any, **_options: Any) -> list[str]:
    """Return the namespace that the caller has named."""
    return namespace


routes.apply_namespace_scoping = same_namespace
