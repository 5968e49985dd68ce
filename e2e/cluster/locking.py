"""A file lock between runs of the launcher: one builds, one changes the cluster, the others wait."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.errors import ClusterError
from cluster.progress import say


@contextmanager
def exclusive(path: Path, what: str, seconds: float) -> Iterator[None]:
    """Holds the lock while the body runs; the kernel drops it if we are killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        _acquire(file, what, seconds)
        yield


def _acquire(file, what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    announced = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise ClusterError(f"another run still {what} after {seconds:g} s; wait for it or end it") from None
        if not announced:
            say(f"cluster: another run {what}: waiting for it")
            announced = True
        time.sleep(0.2)
