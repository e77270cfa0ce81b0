"""What the tests of panels run in a process of its own: it succeeds, fails, breaks or waits."""

from __future__ import annotations

import sys
import time

from course_helpers.core.errors import ServerError
from course_helpers.core.processes import ending_with_a_sentence

if __name__ == "__main__":
    with ending_with_a_sentence():
        print("begun <b>", flush=True)
        match sys.argv[1]:
            case "fail":
                raise ServerError("It cannot: a reason.", "make it so")
            case "break":
                raise ValueError("nobody foresaw this")
            case "wait":
                time.sleep(60)
