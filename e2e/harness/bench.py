"""How every bench runs and ends: its last line is for scripts, a failure is one line, a signal runs `finally`."""

import signal
import sys
import time
from collections.abc import Callable

from cluster.errors import ClusterError
from harness.failure import Failure
from harness.steps import say

INTERRUPTED = 130


def run(work: Callable[[], str], also: tuple[type[Exception], ...] = ()) -> int:
    """The exit code. `work` gives the last line; `also`: what else counts as a failure and not as a mistake of the bench."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    started = time.monotonic()
    try:
        line = work()
    except (Failure, ClusterError, *also) as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return INTERRUPTED
    say(f"everything took {time.monotonic() - started:.0f} s")
    print(line, flush=True)
    return 0
