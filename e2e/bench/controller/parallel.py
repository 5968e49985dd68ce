"""The same call for many objects, over several connections at once, at full speed or at a steady rate."""

import itertools
import threading
import time
from collections.abc import Callable

from bench.controller.api_server import Connection
from bench.controller.progress import Bar

_CONNECTIONS = 8
Work = Callable[[Connection, int], None]


def for_all(what: str, total: int, work: Work) -> float:
    """Calls `work` for 0..total-1; the seconds that it took. The first failure ends it."""
    return _run(what, total, work, None)


def steadily(what: str, total: int, rate: float, work: Work) -> float:
    """The same, with number n not before n/rate seconds."""
    return _run(what, total, work, rate)


def _run(what: str, total: int, work: Work, rate: float | None) -> float:
    numbers = itertools.count()
    failures: list[BaseException] = []
    started = time.monotonic()
    with Bar(what, total) as bar:

        def worker() -> None:
            try:
                with Connection() as connection:
                    # next() on a count is atomic; so is append.
                    while (number := next(numbers)) < total and not failures:
                        if rate is not None:
                            time.sleep(max(started + number / rate - time.monotonic(), 0))
                        work(connection, number)
                        bar.advance()
            except BaseException as failure:  # handed to the caller's thread below
                failures.append(failure)

        threads = [threading.Thread(target=worker, daemon=True) for _ in range(_CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return time.monotonic() - started
