"""Bytes piped into and out of a command in a service's container."""

from __future__ import annotations

import errno
import subprocess
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from course_helpers.core.errors import ServerError
from course_helpers.core.processes import CHUNK
from course_helpers.stack.compose import compose_command, compose_environment


def read_stream(service: str, *command: str) -> Generator[bytes, None, None]:
    """Yield what a command prints, in chunks.

    Args:
        service: in whose container it runs.
        command: the program and its arguments.

    Raises:
        ServerError: it failed.
    """
    with _succeeding(service, command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while chunk := process.stdout.read(CHUNK):
            yield chunk


def write_stream(service: str, chunks: Iterable[bytes], *command: str) -> None:
    """Run a command with chunks as its input.

    Args:
        service: in whose container it runs.
        chunks: what it reads; it may end before it has read them all.
        command: the program and its arguments.

    Raises:
        ServerError: it failed.
    """
    with _succeeding(service, command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        with _until_it_ends():
            for chunk in chunks:
                process.stdin.write(chunk)
            process.stdin.close()


@contextmanager
def _succeeding(
    service: str, command: Iterable[str], **pipes: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a running command, and raise unless it succeeds after the block."""
    try:
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
            child(service, command, errors, **pipes) as process,
        ):
            yield process
            if process.wait() != 0:
                raise failed(service, process, errors)
    except OSError as error:
        raise ServerError(
            f"The copy to or from {service} was broken off: {error.strerror or error}.",
            "look whether a disk is full or was removed; then try again",
        ) from None


@contextmanager
def _until_it_ends() -> Iterator[None]:
    """Leave the block if its command has ended: the exit code tells whether it failed."""
    try:
        yield
    except OSError as error:  # Windows says EINVAL (bpo-19612)
        if error.errno not in (errno.EPIPE, errno.EINVAL):
            raise


@contextmanager
def child(
    service: str,
    command: Iterable[str],
    errors: IO[str],
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a command that runs in a service's container, and end it after the block.

    Ctrl-C in a terminal does not reach it: this process decides what is to be undone, in order.

    Args:
        service: whose container.
        command: the program and its arguments.
        errors: where its errors go.
        stdin: its input, as for `subprocess.Popen`.
        stdout: its output.
    """
    with subprocess.Popen(
        compose_command("exec", "-T", service, *command),
        env=compose_environment(),
        stdin=stdin,
        stdout=stdout,
        stderr=errors,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            for pipe in filter(None, (process.stdin, process.stdout)):
                with _until_it_ends():
                    pipe.close()
            process.terminate()


def failed(what: str, process: subprocess.Popen[bytes], errors: IO[str]) -> ServerError:
    """Return why a command failed, from its errors.

    Args:
        what: what failed, for people: the service; the tool names itself.
        process: the command; its end is waited for.
        errors: the file that holds its errors.
    """
    process.wait()
    errors.seek(0)
    lines = [line.strip() for line in errors.read().splitlines() if line.strip()]
    said = next((line for line in lines if "rror:" in line), (lines or ["it does not say why"])[-1])
    return ServerError(f"{what} failed: {said.rstrip('.')}.", "look at: make logs; then try again")
