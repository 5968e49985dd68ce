"""Long-lived processes: each starts in a control group of its own, which is how it is found again."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from cluster import cgroups, paths


def start(group: str, argv: Sequence[str | Path], log: str, prefix: Sequence[str | Path] = ()) -> None:
    """Starts `argv` through `prefix` (nsenter, unshare) detached from this terminal, its output in LOG/`log`.log."""
    join = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', cgroups.create(group)]
    with (paths.LOG / f"{log}.log").open("ab") as output:
        subprocess.Popen(
            [*join, *prefix, *argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )


def running(group: str, program: str) -> bool:
    """Whether the group's program itself runs, and not just the wrapper or what it has left behind."""
    return any(_name(pid) == program for pid in cgroups.processes(group))


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def tail(log: str, lines: int = 3) -> str:
    """The last words of a process, for error messages."""
    path = paths.LOG / f"{log}.log"
    try:
        return " | ".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
