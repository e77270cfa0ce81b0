"""Secrets: which variables hold one, and text with them masked."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

# Of a URL; the user name stays readable. A password may hold a space, though it should not.
_LOGIN = re.compile(r"://([^:/?#@\s]*:)?(?:\S*@|[^@/]*@)")
_PASSWORD = re.compile(r"((?:password|passwd|pwd|secret|token|key)=)('[^']*'|[^\s&;]+)", re.I)

# Better one name too many (NO_AUTH) than one too few; PWD alone is a shell's current folder.
_SECRET_NAME = re.compile(
    r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|_PASS|_PWD|_AUTH)$", re.I
)
_PLACEHOLDER = re.compile(r"^<.*>$|^(sk-)?\.{2,}$|your|change.?me|placeholder|x{4,}|example", re.I)


def mask_value(name: str, value: str) -> str:
    """Return a variable's value masked if it is a secret, else with the passwords in it masked.

    Args:
        name: of the variable, which tells whether its whole value is secret.
        value: what it is set to.
    """
    return mask(value) if is_secret(name) and value else mask_text(value)


def mask_text(text: str, secrets: Collection[str] = ()) -> str:
    """Return a text with masked passwords: in URLs, after `password=` and the like, and known ones.

    Args:
        text: to be shown to others.
        secrets: known secrets, masked wherever they stand.
    """
    for secret in secrets:
        text = re.sub(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", "…", text)
    text = _LOGIN.sub(lambda login: f"://{login[1] or ''}…@", text)
    return _PASSWORD.sub(r"\1…", text)


def mask_texts(found: Any, secrets: Collection[str]) -> Any:
    """Return parsed JSON with every text in it masked, as `mask_text` does."""
    if isinstance(found, dict):
        return {key: mask_texts(value, secrets) for key, value in found.items()}
    if isinstance(found, list):
        return [mask_texts(value, secrets) for value in found]
    return mask_text(found, secrets) if isinstance(found, str) else found


def is_secret(name: str) -> bool:
    """Return whether a variable of this name holds a secret."""
    return bool(_SECRET_NAME.search(name))


def mask(secret: str) -> str:
    """Return a secret so that its owner recognises it and nobody else can use it."""
    return f"{secret[:3]}…{secret[-2:]}" if len(secret) >= 12 else "…"


def is_placeholder(secret: str) -> bool:
    """Return whether a key is a form's hint (`sk-...`, `<your key>`) rather than a key."""
    return bool(_PLACEHOLDER.search(secret.strip()))
