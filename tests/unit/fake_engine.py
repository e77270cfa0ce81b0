"""A scripted Docker engine on a real socket, for what the real one cannot be made to do."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

# An answer to a request: a status with JSON, pieces sent one by one, or a function that sends it.
Reply = tuple[int, Any] | Iterable[bytes] | Callable[["Handler"], None]

VERSION = {"Version": "28.2.2", "ApiVersion": "1.50", "MinAPIVersion": "1.24"}


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server: FakeEngine

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_DELETE = do_HEAD = do_GET

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = f"{self.command} {re.sub(r'^/v[0-9.]+', '', self.path)}"
        self.server.asked.append(asked)
        self.server.paths.append(self.path)
        self.server.bodies.append(body)
        found = (reply for pattern, reply in self.server.replies if re.match(pattern, asked))
        reply = next(found, (404, {"message": f"the test has no answer to {asked}"}))
        if callable(reply):
            reply(self)
        elif isinstance(reply, tuple):
            self.send_json(*reply)
        else:
            self._stream(reply)

    def send_json(self, status: int, answer: Any) -> None:
        body = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, pieces: Iterable[bytes]) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def address_string(self) -> str:
        return "a socket"

    def log_message(self, format: str, *args: Any) -> None:
        pass


def raw(*pieces: bytes) -> Callable[[Handler], None]:
    """Return a reply that sends a command's output: bytes until the connection ends."""

    def send(handler: Handler) -> None:
        upgraded = "Upgrade" in handler.headers
        handler.send_response_only(101 if upgraded else 200)
        handler.send_header("Content-Type", "application/vnd.docker.raw-stream")
        if upgraded:
            handler.send_header("Connection", "Upgrade")
            handler.send_header("Upgrade", "tcp")
        handler._headers_buffer += [b"\r\n", *pieces]  # type: ignore[attr-defined]
        handler.flush_headers()  # head and body in one piece, as they come to a busy computer
        handler.close_connection = True

    return send


class FakeEngine(socketserver.ThreadingTCPServer):
    """The engine, at a port of 127.0.0.1: Windows has no other sockets.

    Attributes:
        replies: a pattern of a request, as `GET /containers/json`, and the answer; the first fits.
        asked: the requests so far, without the API's version; `paths` has them with it.
        bodies: what came with each.
    """

    daemon_threads = True
    request_queue_size = 64  # a full queue refuses at once, which no real engine does

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"tcp://127.0.0.1:{self.server_address[1]}"
        self.asked, self.paths, self.bodies = list[str](), list[str](), list[bytes]()
        self.replies: list[tuple[str, Reply]] = []
        self.on("GET /version", (200, VERSION))

    def on(self, pattern: str, reply: Reply) -> None:
        """Give this answer to requests that match a pattern from now on."""
        self.replies.insert(0, (pattern, reply))

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the test has hung up


@contextmanager
def running() -> Iterator[FakeEngine]:
    """Yield an engine that answers."""
    with FakeEngine() as engine:
        threading.Thread(target=engine.serve_forever, args=[0.01], daemon=True).start()
        yield engine
        engine.shutdown()


def frames(*lines: str, stream: int = 1) -> list[bytes]:
    """Return what an engine sends of a container's output: each piece with its stream and length."""
    pieces = [line.encode() for line in lines]
    return [bytes([stream, 0, 0, 0]) + len(piece).to_bytes(4, "big") + piece for piece in pieces]
