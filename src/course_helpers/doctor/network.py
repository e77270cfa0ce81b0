"""Checks of the network: proxies and certificates.

Each check returns what it found, or raises a `CourseError` with the fix.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.request import getproxies

from course_helpers.core.errors import CourseError

CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE")


def proxy(proxies: Mapping[str, str] | None = None) -> str:
    """Check that requests to this computer's own servers do not go through a proxy.

    Args:
        proxies: by scheme, with the exceptions under "no", as httpx reads them from `getproxies`.
    """
    proxies = getproxies() if proxies is None else proxies
    used = [scheme for scheme in ("http", "https", "all") if proxies.get(scheme)]
    exempt = [entry.strip() for entry in proxies.get("no", "").split(",")]
    if not used:
        return "none"
    if used == ["https"] or "*" in exempt or "127.0.0.1" in exempt:
        return f"for {', '.join(used)}, not for this computer"
    fix = 'export NO_PROXY="127.0.0.1,localhost,$NO_PROXY"'
    if os.name == "nt":
        fix = "setx NO_PROXY 127.0.0.1,localhost"
    raise CourseError("it would get the course's requests to this computer too", fix)


def certificates(environ: Mapping[str, str] = os.environ) -> str:
    """Check the CA bundles named in the environment: with an invalid one, HTTP clients fail."""
    named = {name: environ[name] for name in CA_VARIABLES if environ.get(name)}
    for name, path in named.items():
        problem = _bundle_problem(Path(path))
        if problem:
            fix = f"unset {name} (or set it to a file of PEM certificates)"
            raise CourseError(f"{name}={path} {problem}", fix)
    return f"from {', '.join(named)}" if named else "the usual ones"


def _bundle_problem(bundle: Path) -> str:
    if not bundle.exists():
        return "is not there"
    try:
        if bundle.is_file():
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)
    except OSError:  # an SSLError is one
        return "holds no certificates"
    return ""
