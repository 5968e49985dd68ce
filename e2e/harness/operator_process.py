"""The operator's processes, as far as they run on this machine: on our own cluster they all do."""

import os
import signal
from pathlib import Path

from harness import release
from harness.kube import Kube, Object

SELECTOR = f"app.kubernetes.io/name={release.NAME}"   # of its pods
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
        os.kill(int(process.name), signal.SIGKILL)


def kill(kube: Kube, pod: Object) -> None:
    """Dies at once and does not come back as the same pod."""
    crash(pod["metadata"]["uid"])
    kube.delete("Pod", release.NAMESPACE, pod["metadata"]["name"], grace_seconds=0)


def kill_all(kube: Kube) -> None:
    for pod in kube.list("Pod", release.NAMESPACE, SELECTOR):
        kill(kube, pod)


def until_running(kube: Kube) -> None:
    """A new one runs; whether it leads is another question."""
    kube.until("Pod", release.NAMESPACE,
               lambda pods: any(status.get("state", {}).get("running") for pod in pods
                                if "deletionTimestamp" not in pod["metadata"]
                                for status in pod["status"].get("containerStatuses") or []),
               60, "the operator runs again", selector=SELECTOR)
