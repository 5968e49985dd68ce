"""CPU time and memory of a process and all that it started, from /proc."""

import os
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Stat:
    """Of a /proc/PID/stat. `ticks` are its own and those of its children that have ended."""

    pid: int
    parent: int
    ticks: int


def parse_stat(text: str) -> Stat:
    """The name in the second field may hold blanks and parentheses, so fields are counted from its end."""
    pid, rest = text.split(" ", 1)
    fields = rest.rsplit(")", 1)[1].split()
    return Stat(int(pid), int(fields[1]), sum(int(field) for field in fields[11:15]))


def tree(stats: Iterable[Stat], root: int) -> list[Stat]:
    """`root` and its descendants."""
    by_parent: dict[int, list[Stat]] = {}
    found = []
    for stat in stats:
        by_parent.setdefault(stat.parent, []).append(stat)
        if stat.pid == root:
            found.append(stat)
    for stat in found:   # grows while we walk it
        found += by_parent.get(stat.pid, [])
    return found


def resident_kib(status: str) -> int:
    """VmRSS of a /proc/PID/status; a process that has just ended has none."""
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1])


def cpu_seconds(root: int) -> float:
    """User and system time. What a child used stays in the sum when it ends, as its parent inherits it."""
    return sum(stat.ticks for stat in tree(_all_stats(), root)) / _TICKS


def resident_mb(root: int) -> float:
    """In MB of 10^6 bytes. Pages that two processes share count twice."""
    total = 0
    for stat in tree(_all_stats(), root):
        total += resident_kib(_read(_PROC / str(stat.pid) / "status"))
    return total * 1024 / 1e6


def cpu_seconds_of_children() -> float:
    """Of our own that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _all_stats() -> list[Stat]:
    texts = (_read(folder / "stat") for folder in _PROC.iterdir() if folder.name.isdigit())
    return [parse_stat(text) for text in texts if text]


def _read(path: Path) -> str:
    """Empty if the process has ended meanwhile."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
