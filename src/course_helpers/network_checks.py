"""What the doctor looks at of the network: ports and who holds them, proxies, certificates.

Each check returns what it saw, or raises a `CourseError` with the fix.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.request import getproxies

import psutil

from course_helpers.errors import CourseError

CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE")


def port(number: int, use: str, fix: str = "") -> str:
    """Check whether a port of this computer is free, or else who holds it.

    Args:
        number: the TCP port.
        use: who would like to have it.
        fix: what to do if it is taken; empty: nothing, the course takes another.
    """
    holder = _holder(number)
    if holder is None:
        return f"free for {use}"
    if not fix:
        return f"held by {holder}; {use} takes another"
    raise CourseError(f"wanted for {use}, held by {holder}", fix)


def _holder(number: int) -> str | None:
    """Return who listens on a port of this computer, or None."""
    try:
        found = psutil.net_connections("tcp")
    except psutil.AccessDenied:  # macOS, unless as root
        return "a program (cannot tell which: macOS does not say)" if _answers(number) else None
    for connection in found:
        if connection.status == psutil.CONN_LISTEN and connection.laddr:
            ip = ipaddress.ip_address(connection.laddr.ip)
            # At another address it is not in the way of who wants 127.0.0.1.
            if connection.laddr.port == number and (ip.is_loopback or ip.is_unspecified):
                return _program_name(connection.pid)
    return None


def _answers(number: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)  # Windows takes two seconds to refuse
        return probe.connect_ex(("127.0.0.1", number)) == 0


def _program_name(pid: int | None) -> str:
    if pid is None:
        return "a program (cannot tell which: it is another user's)"
    try:
        return f"{psutil.Process(pid).name()} (process {pid})"
    except psutil.Error:
        return f"process {pid} (cannot tell which program)"


def proxy(proxies: Mapping[str, str] | None = None) -> str:
    """Check that a company's proxy is not asked for this computer's own servers.

    Args:
        proxies: by scheme, with the exceptions under "no", as httpx gets them from `getproxies`.
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
    """Check the CA bundles that the environment names: with a bad one no HTTP client starts."""
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
