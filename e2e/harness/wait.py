"""For what has no watch: an HTTP answer, a log."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def until(ask: Callable[[], Result], seconds: float, what: str, every: float = 0.25) -> Result:
    """The first truthy answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not in {seconds:g} s"
        time.sleep(every)
