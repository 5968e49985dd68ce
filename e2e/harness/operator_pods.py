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
               150, "the operator runs again", selector=SELECTOR)


def until_all_ready(kube: Kube) -> None:
    """As many as its Deployment wants, and none that is starting or leaving."""
    kube.until("Deployment", release.NAMESPACE, lambda found: found and _is_settled(found[0]), 150,
               "every replica of the operator is ready", name=release.NAME)


def leader(kube: Kube) -> Object:
    """The pod that leads, once one of those that are there does: the Lease of one that died names it until it runs out.
    Identities start with the pod's name."""
    def leads(found: list[Object]) -> Object | None:
        holder = found and found[0]["spec"].get("holderIdentity") or ""
        return next((pod for pod in kube.list("Pod", release.NAMESPACE, SELECTOR)
                     if holder.startswith(pod["metadata"]["name"])), None)
    return kube.until("Lease", release.NAMESPACE, leads, 90, "one of the operator's pods leads", name=release.NAME)


def _is_settled(deployment: Object) -> bool:
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    return (status.get("observedGeneration") == deployment["metadata"]["generation"]
            and status.get("replicas") == status.get("readyReplicas") == wanted)
