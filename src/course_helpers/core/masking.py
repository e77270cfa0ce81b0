"""Secrets: which variables hold one, and how a text is shown without it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

# In an address; the user's name may be read. A password may hold a space, though it should not.
_LOGIN = re.compile(r"://([^:/?#@\s]*:)?(?:\S*@|[^@/]*@)")
_PASSWORD = re.compile(r"((?:password|passwd|pwd|secret|token|key)=)('[^']*'|[^\s&;]+)", re.I)

# Rather one too many (NO_AUTH) than one too few; PWD alone is the folder that a shell is in.
_SECRET_NAME = re.compile(
    r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|_PASS|_PWD|_AUTH)$", re.I
)
_PLACEHOLDER = re.compile(r"^<.*>$|^(sk-)?\.{2,}$|your|change.?me|placeholder|x{4,}|example", re.I)


def mask_value(name: str, value: str) -> str:
    """Return a variable's value as it may be read: a secret is masked, and passwords in a value.

    Args:
        name: the variable's, which tells whether all of it is secret.
        value: what it is set to.
    """
    return mask(value) if is_secret(name) and value else mask_text(value)


def mask_text(text: str, secrets: Collection[str] = ()) -> str:
    """Return a text without the passwords of addresses, those after `password=`, and known secrets.

    Args:
        text: what others may read.
        secrets: what else must not be read in it.
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
