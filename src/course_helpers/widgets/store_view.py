"""The store's namespaces as a tree and its items as a table, as markup and as a widget's labels."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from course_helpers.core.markup import one_line, table
from course_helpers.server.store import ItemPage, Namespace
from course_helpers.widgets import theme

NODES = 500  # of the tree that are shown
STATIC_NODES = 100  # where no widget runs
VALUE = 160  # characters of a value in the table
ROOT = "all namespaces"
SAME = "\N{ZERO WIDTH SPACE}"


def tree(namespaces: Sequence[Namespace], chosen: Namespace = ()) -> list[Namespace]:
    """Return the tree's nodes in order: each namespace after those above it, the root first.

    Args:
        namespaces: those with items.
        chosen: one that is in the tree even if it has no items.
    """
    nodes = {ns[:depth] for ns in [chosen, *namespaces] for depth in range(len(ns) + 1)}
    shown = sorted(nodes)[:NODES]  # others are found by a search, or opened by code
    return shown if chosen in shown else [*shown, chosen]


def labels(nodes: Sequence[Namespace]) -> list[tuple[str, Namespace]]:
    """Return a tree as options to choose from: indented labels with their namespaces.

    `ToggleButtons` marks the first button that has the chosen one's label: equal labels are told
    apart by spaces without a width.
    """
    seen: Counter[str] = Counter()
    options = []
    for node in nodes:
        label = f"{'   ' * len(node)}{one_line(node[-1], 60)}" if node else ROOT
        options.append((label + SAME * seen[label], node))
        seen[label] += 1
    return options


def title(namespace: Namespace) -> str:
    """Return a namespace in words."""
    return " › ".join(namespace) or ROOT


def tree_html(nodes: Sequence[Namespace], chosen: Namespace) -> str:
    """Return the tree as nested lists, with the chosen namespace in bold."""
    shown, markup, depth = nodes[:STATIC_NODES], "", 0
    for node in shown:
        while depth > len(node):
            markup, depth = f"{markup}</li></ul>", depth - 1
        if len(node) > depth or not markup:
            markup, depth = f"{markup}<ul>", len(node)
        else:
            markup += "</li>"
        name = html.escape(node[-1] if node else ROOT)
        markup += f"<li>{f'<strong>{name}</strong>' if node == chosen else name}"
    more = f"<p>Showing {STATIC_NODES} of {len(nodes):,}.</p>" if len(nodes) > len(shown) else ""
    return markup + "</li></ul>" * (depth + 1) + more


def store_html(name: str, nodes: Sequence[Namespace], chosen: Namespace, items: str) -> str:
    """Return the store as a page part: the tree beside the items' markup."""
    return (
        f'<h3>{name}</h3><div class="course-columns course-store">'
        f"<section><h4>Namespaces</h4>{tree_html(nodes, chosen)}</section>"
        f"<section>{items}</section></div>"
    )


def items_html(namespace: Namespace, page: ItemPage) -> str:
    """Return items as a table that scrolls; those from below the namespace say where they are."""
    rows = [
        {
            "Namespace": " › ".join(item.namespace[len(namespace) :]),
            "Key": item.key,
            "Value": one_line(json.dumps(item.value, ensure_ascii=False), VALUE),
            "Updated": _clock(item.updated_at),
        }
        for item in page.items
    ]
    if not any(row["Namespace"] for row in rows):
        for row in rows:
            del row["Namespace"]
    return theme.scroll("Items", table(title(namespace), rows))


def _clock(iso_time: str) -> str:
    """Return a server's time by this computer's clock."""
    return f"{datetime.fromisoformat(iso_time).astimezone():%Y-%m-%d %H:%M:%S}"
