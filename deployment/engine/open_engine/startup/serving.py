"""The server's start: check what was given, then serve on port 8000."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

import uvicorn

from open_engine import AEGRA_VERSION
from open_engine.startup.configuration import (
    aegra_config,
    aegra_environment,
    check_thread_ttl,
    database_uri,
    redis_uri,
    require_aegra,
)
from open_engine.startup.databases import wait_for_postgres, wait_for_redis
from open_engine.startup.errors import EngineError

PORT = 8000
CLOSE_TIMEOUT = 5  # seconds for open connections at the end; then runs are drained or handed over


def main() -> int:
    """Run the server and return the exit code; the log's last line says why it did not start."""
    print(f"engine: the open engine, Aegra {AEGRA_VERSION}", flush=True)
    try:
        prepare()
        serve()
    except EngineError as error:
        print(f"engine: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def prepare() -> None:
    """Set the environment for Aegra and wait for the databases.

    Raises:
        EngineError: something that was given cannot work.
    """
    require_aegra()
    config = Path(tempfile.mkdtemp()) / "aegra.json"
    config.write_text(json.dumps(aegra_config(os.environ)))
    os.environ.update(aegra_environment(os.environ, config))
    check_thread_ttl(os.environ)
    wait_for_postgres(database_uri(os.environ))
    wait_for_redis(redis_uri(os.environ))


def serve() -> None:
    """Serve until SIGTERM.

    Raises:
        EngineError: the application did not start; the traceback is in the log.
    """
    try:
        from open_engine import app

        app.install()
    except Exception as error:
        traceback.print_exc()
        raise EngineError(f"The server cannot start: {error!r}.", _LOOK) from None
    server = uvicorn.Server(
        uvicorn.Config(
            app.app,
            host="0.0.0.0",  # of the container; compose publishes it on 127.0.0.1
            port=PORT,
            log_config=None,  # Aegra has set up the log
            timeout_graceful_shutdown=CLOSE_TIMEOUT,
        )
    )
    with suppress(SystemExit):  # uvicorn's own, when the application does not start
        server.run()
    if server.started:
        return
    if app.startup_problem:
        raise EngineError(f"The server cannot start: {app.startup_problem}.", _LOOK)
    raise EngineError(
        f"Another program in this container holds port {PORT}.",
        "let the graph start no server on that port, then: make images up",
    )


_LOOK = "correct that (the log above has the details) and run: make images up"
