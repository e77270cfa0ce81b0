"""The image's entrypoint: hear SIGTERM from the first moment on, then start.

The first process of a container does not hear a signal that it has no handler for, and uvicorn sets
its own when all else is done: `docker stop` would wait for its whole grace period.
"""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Start the server, and return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    from open_engine import starting  # not on top: it takes a second

    return starting.main()


if __name__ == "__main__":
    sys.exit(main())
