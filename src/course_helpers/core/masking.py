"""Secrets: which variables hold one, and how a text is shown without it."""

from __future__ import annotations

import re
from typing import Any

_LOGIN = re.compile(r"://([^:/?#@\s]*:)?.*@", re.S)  # in an address: the user's name may be read
_PASSWORD = re.compile(r"((?:password|passwd|pwd|secret|token|key)=)('[^']*'|[^\s&;]+)", re.I)

# Rather one too many (NO_AUTH) than one too few; PWD alone is the folder that a shell is in.
_SECRET_NAME = re.compile(
    r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|_PASS|_PWD|_AUTH)$", re.I
)
_PLACEHOLDER = re.compile(r"^<.*>$|^(sk-)?\.{2,}$|your|change.?me|placeholder|x{4,}|example", re.I)


def mask_value(name: str, value: str) -> str:
    """Return a value that may be read out: a secret is masked, and a password within a value."""
    if is_secret(name) and value:
        return mask(value)
    value = _LOGIN.sub(lambda login: f"://{login[1] or ''}…@", value)
    return _PASSWORD.sub(r"\1…", value)


def mask_texts(found: Any, secrets: set[str]) -> Any:
    """Return the same, with no secret left to read in any of its texts."""
    if isinstance(found, dict):
        return {key: mask_texts(value, secrets) for key, value in found.items()}
    if isinstance(found, list):
        return [mask_texts(value, secrets) for value in found]
    if isinstance(found, str):
        for secret in secrets:
            found = re.sub(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", "…", found)
    return found


def is_secret(name: str) -> bool:
    """Return whether a variable of this name holds a secret."""
    return bool(_SECRET_NAME.search(name))


def mask(secret: str) -> str:
    """Return a secret so that its owner recognises it and nobody else can use it."""
    return f"{secret[:3]}…{secret[-2:]}" if len(secret) >= 12 else "…"


def is_placeholder(secret: str) -> bool:
    """Return whether a key is a form's hint (`sk-...`, `<your key>`) rather than a key."""
    return bool(_PLACEHOLDER.search(secret.strip()))
