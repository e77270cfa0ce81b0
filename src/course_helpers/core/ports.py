"""Ports of this computer: which are free, and who holds the others."""

from __future__ import annotations

import ipaddress
import socket

import psutil

from course_helpers.core.errors import CourseError

HOST = "127.0.0.1"


def port(number: int, use: str, fix: str = "") -> str:
    """Return that a port of this computer is free, or who holds it.

    Args:
        number: the TCP port.
        use: who would like to have it.
        fix: what to do if it is taken; empty if the course then takes another.

    Raises:
        CourseError: it is taken, and there is something to do about it.
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
            # A listener on another address does not block 127.0.0.1.
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


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
