"""The operator's processes, as far as they run on this machine: on our own cluster they all do."""

import os
import signal
from contextlib import suppress
from pathlib import Path

_PROGRAM = "scalablebackend"


def of_pod(uid: str) -> Path | None:
    """/proc/PID of the operator in the pod with this uid: control groups are named after it."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().strip() == _PROGRAM and uid in (process / "cgroup").read_text():
                return process
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended while we looked
    return None


def crash(uid: str) -> None:
    """Ends it without a chance to say goodbye: deleting its pod, even with no grace, lets it release its Lease."""
    if process := of_pod(uid):
        with suppress(ProcessLookupError):   # ended while we looked
            os.kill(int(process.name), signal.SIGKILL)
