"""The operator's pods, for tests that end them. Needs the Kubernetes client of the tests' Python."""

from harness import operator_process, release
from harness.kube import Kube, Object

SELECTOR = f"app.kubernetes.io/name={release.NAME}"


def kill(kube: Kube, pod: Object) -> None:
    """Dies at once and does not come back as the same pod."""
    operator_process.crash(pod["metadata"]["uid"])
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
