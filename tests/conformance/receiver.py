"""A real HTTP receiver for webhooks, in this process."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """Collects what is posted to it, by path.

    Attributes:
        address: of the interface that it listens on.
        name: under which the server that posts reaches it.
    """

    def __init__(self, address: str, name: str) -> None:
        self._arrived: dict[str, queue.Queue[dict[str, Any]]] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.inbox(self.path).put(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer((address, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://{name}:{self._server.server_port}"

    def inbox(self, path: str) -> queue.Queue[dict[str, Any]]:
        """Return the queue of what arrives at a path."""
        return self._arrived.setdefault(path, queue.Queue())

    async def next(self, path: str, within: float = 15.0) -> dict[str, Any]:
        """Return the next thing that is posted to a path.

        Raises:
            queue.Empty: nothing came within so many seconds.
        """
        return await asyncio.to_thread(self.inbox(path).get, True, within)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
