"""What goes into and comes out of a command in a container, for which a Python program stands in."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from course_helpers.core.errors import ServerError
from course_helpers.stack import streams
from course_helpers.stack.streams import read_stream, write_stream
from tests.unit.shared import Command, refusing


class TestStreams:
    def test_a_source_that_goes_away_is_a_sentence(self, command: Command) -> None:
        def chunks() -> Iterator[bytes]:
            yield b"half"
            raise OSError(errno.EIO, "Input/output error")

        command("import sys; sys.stdin.read()")
        with pytest.raises(ServerError, match=r"postgres was broken off: Input/output error\."):
            write_stream("postgres", chunks(), "pg_restore")

    def test_no_room_for_its_messages_is_a_sentence(
        self, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        command("")
        monkeypatch.setattr(streams.tempfile, "TemporaryFile", refusing(errno.ENOSPC))
        with pytest.raises(ServerError, match="No space left on device"):
            list(read_stream("postgres", "pg_dump"))

    def test_messages_that_are_no_text_are_no_traceback(self, command: Command) -> None:
        command("import os; os.write(2, b'error: \\xff\\x9d'); raise SystemExit(1)")
        with pytest.raises(ServerError, match="postgres failed: error: "):
            list(read_stream("postgres", "pg_dump"))

    @pytest.mark.parametrize("code", [errno.EPIPE, errno.EINVAL])  # on Windows it is EINVAL
    @pytest.mark.parametrize("method", ["write", "close"])
    def test_a_command_may_end_before_it_has_read_all(
        self, method: str, code: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pipe = SimpleNamespace(write=lambda chunk: None, close=lambda: None)
        setattr(pipe, method, refusing(code))
        process = MagicMock(stdin=pipe, stdout=None, **{"wait.return_value": 0})
        process.__enter__.return_value = process
        monkeypatch.setattr(streams.subprocess, "Popen", lambda *_, **__: process)
        monkeypatch.setattr(streams, "compose_command", lambda *_: [])
        monkeypatch.setattr(streams, "compose_environment", dict)
        write_stream("postgres", [b"more"], "pg_restore", "--list")
