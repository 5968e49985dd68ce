"""What the kernel says about one process: pure parsers of files in /proc/PID, and reading them."""

import os
from dataclasses import dataclass
from pathlib import Path

_CLEAR_PEAK = "5"  # proc(5), clear_refs


@dataclass(frozen=True)
class Memory:
    """Bytes: resident, of it private pages of no file (heap, stacks), the share of pages that others map too."""

    rss: int
    anonymous: int
    pss: int
    peak: int  # largest rss since the start or the last clear_peak


def of(pid: int) -> Memory:
    folder = Path(f"/proc/{pid}")
    status, rollup = (folder / "status").read_text(), (folder / "smaps_rollup").read_text()
    return Memory(rss=kilobytes(status, "VmRSS"), anonymous=kilobytes(status, "RssAnon"),
                  pss=kilobytes(rollup, "Pss"), peak=kilobytes(status, "VmHWM"))


def clear_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text(_CLEAR_PEAK)


def cpu_seconds(pid: int) -> float:
    """Of all its threads, in user and kernel mode."""
    return cpu_ticks(Path(f"/proc/{pid}/stat").read_text()) / os.sysconf("SC_CLK_TCK")


def kilobytes(text: str, name: str) -> int:
    """`VmRSS:   1234 kB` as bytes."""
    line = next(line for line in text.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def cpu_ticks(stat: str) -> int:
    """utime + stime; the command before them may contain anything."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
