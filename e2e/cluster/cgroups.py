"""Control groups of ours. Every process that the launcher starts lives in one, so the groups are also the record of
what is ours: membership cannot be mistaken for another process the way a reused process id can.

    sb-control/etcd, sb-control/kube-apiserver, ...     one group a component
    sb-node1/system/kubelet, ...                        a node's own processes
    sb-node1/kubepods/...                               its pods, made by its kubelet
"""

import os
import re
import signal
from collections.abc import Iterable
from pathlib import Path

from cluster.waiting import wait_for

ROOT = Path("/sys/fs/cgroup")
# Not every sb-*: image builds have groups too.
OURS = re.compile(r"sb-(control|node\d+)")


def is_unified() -> bool:
    return (ROOT / "cgroup.controllers").exists()


def _hierarchies() -> list[Path]:
    """Every mount point of control groups: one on cgroup v2, one a controller on v1, both on a hybrid."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return [Path(mount[1]) for mount in mounts if mount[2] in ("cgroup", "cgroup2")]


def _tracking() -> Path:
    """The hierarchy whose membership says what is ours. On v1 that is `pids`: the others stay as they were."""
    return ROOT if is_unified() else ROOT / "pids"


def create_everywhere(group: str) -> None:
    """Makes a kubelet's root group: in every hierarchy, with the CPUs that v1 does not hand down by itself."""
    for hierarchy in _hierarchies():
        path = hierarchy / group
        path.mkdir(exist_ok=True)
        for knob in ("cpuset.cpus", "cpuset.mems"):
            if not is_unified() and (path / knob).exists():
                (path / knob).write_text((hierarchy / knob).read_text())
    if is_unified():
        controllers = (ROOT / "cgroup.controllers").read_text().split()
        (ROOT / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))


def create(group: str) -> Path:
    """Makes a group to track processes with, and returns the file to join it through."""
    path = _tracking() / group
    path.mkdir(parents=True, exist_ok=True)
    return path / "cgroup.procs"


def ours() -> list[str]:
    """The top-level groups of ours, in any hierarchy."""
    names = {path.name for hierarchy in _hierarchies() for path in hierarchy.iterdir()}
    return sorted(name for name in names if OURS.fullmatch(name))


def processes(group: str) -> list[int]:
    """Everything that runs in the group or below it."""
    pids: list[int] = []
    for folder, _, _ in os.walk(_tracking() / group):
        try:
            pids += [int(line) for line in (Path(folder) / "cgroup.procs").read_text().split()]
        except FileNotFoundError:
            continue  # ended while we looked
    return pids


def kill(groups: Iterable[str], seconds: float = 20) -> None:
    """Ends everything in the groups, new-born children included, and waits until they are empty."""
    groups = list(groups)

    def emptied() -> bool:
        left = [(group, pid) for group in groups for pid in processes(group)]
        for group, pid in left:
            _kill_member(group, pid)
        return not left

    wait_for(f"end of the processes in {', '.join(groups)}", emptied, seconds, every=0.02)


def _kill_member(group: str, pid: int) -> None:
    """Kills the process if it still is a member: the descriptor pins it, so a reused id cannot be hit."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        membership = Path(f"/proc/{pid}/cgroup").read_text()
        if any(line.split(":", 2)[2].startswith(f"/{group}") for line in membership.splitlines()):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except (ProcessLookupError, FileNotFoundError):
        pass
    finally:
        os.close(descriptor)


def remove(group: str) -> None:
    """Removes an emptied group from every hierarchy, innermost first."""
    for hierarchy in _hierarchies():
        for folder, _, _ in os.walk(hierarchy / group, topdown=False):
            os.rmdir(folder)
