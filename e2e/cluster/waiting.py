"""Waiting for something to become true, never without a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

from cluster.errors import ClusterError

Result = TypeVar("Result")


def wait_for(what: str, poll: Callable[[], Result], seconds: float, hint: str = "", every: float = 0.1) -> Result:
    """Polls until the answer is truthy and returns it; after `seconds` fails with `what` and `hint`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = poll()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise ClusterError(f"{what}: not within {seconds:g} s" + (f"; {hint}" if hint else ""))
        time.sleep(every)
