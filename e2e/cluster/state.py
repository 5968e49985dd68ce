"""What is known about the cluster across runs of the launcher, and what must be undone when it goes.

STATE belongs to one cluster, RUN says which STATE the machine's cluster has: the namespaces' names are the machine's,
so there is one cluster at a time.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster import cgroups, paths
from cluster.errors import ClusterError

MARKER = ".scalablebackend-cluster"


def claim() -> None:
    """Takes the machine and the STATE folder for a new cluster."""
    if paths.STATE.exists() and any(paths.STATE.iterdir()) and not (paths.STATE / MARKER).exists():
        raise ClusterError(f"{paths.STATE} has files that are no cluster's; set SB_STATE to an empty folder")
    for folder in (paths.STATE, paths.LOG, paths.NODES, paths.RUN):
        folder.mkdir(parents=True, exist_ok=True)
    paths.VOLUMES.mkdir(exist_ok=True)
    (paths.STATE / MARKER).touch()
    _owner().write_text(f"{paths.STATE}\n")


def refuse_foreign() -> None:
    """Fails when the machine runs a cluster with another STATE folder."""
    try:
        owner = _owner().read_text().strip()
    except FileNotFoundError:
        return
    if owner != str(paths.STATE) and any(cgroups.processes(group) for group in cgroups.ours()):
        raise ClusterError(f"this machine runs a cluster with its state in {owner}; set SB_STATE={owner}, or end it so")


def write_facts(facts: dict[str, Any]) -> None:
    beside = paths.FACTS.with_suffix(".new")
    beside.write_text(json.dumps(facts, indent=2) + "\n")
    os.replace(beside, paths.FACTS)


def read_facts() -> dict[str, Any]:
    """Facts of a cluster that once was completely up; empty when there is none."""
    try:
        return json.loads(paths.FACTS.read_text())
    except FileNotFoundError:
        return {}


def require_facts() -> dict[str, Any]:
    facts = read_facts()
    if not facts:
        raise ClusterError(f"no cluster is up (there is no {paths.FACTS}); run `up`")
    return facts


@dataclass(frozen=True)
class Folders:
    """Folders of the host that the nodes mount over: made when missing, and removed again if we made them."""

    record: Path

    def create(self, wanted: list[str]) -> None:
        with self.record.open("a") as record:
            for path in map(Path, wanted):
                for folder in reversed([path, *path.parents]):
                    if not folder.exists():
                        record.write(f"{folder}\n")
                        record.flush()
                        folder.mkdir()

    def remove(self) -> None:
        if not self.record.exists():
            return
        for line in reversed(self.record.read_text().splitlines()):
            try:
                Path(line).rmdir()
            except OSError:
                pass  # somebody else uses it by now, or it is gone


def mount_points() -> Folders:
    return Folders(paths.RUN / "created-folders")


def remove_folders() -> None:
    """Removes everything that the cluster had on disk."""
    mount_points().remove()
    shutil.rmtree(paths.RUN, ignore_errors=True)
    if (paths.STATE / MARKER).exists():
        shutil.rmtree(paths.STATE)


def _owner() -> Path:
    return paths.RUN / "owner"
