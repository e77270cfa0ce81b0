"""The image's entrypoint: hear SIGTERM from the first moment on, then start.

The first process of a container does not hear a signal that it has no handler for, and uvicorn sets
its own when all else is done: `docker stop` would wait for its whole grace period. A start that is
stopped ends as one that fails: what fails again and again ends with 1, whenever it is stopped.
"""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Start the server, and return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    from open_engine.startup import serving  # not on top: it takes a second

    return serving.main()


if __name__ == "__main__":
    sys.exit(main())
