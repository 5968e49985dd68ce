"""The operator as a user installs it: by Helm, into a namespace that enforces the restricted Pod Security Standard."""

import json
import time

from harness.cluster import REPOSITORY, Cluster
from harness.steps import say

NAMESPACE = "scalablebackend-system"
NAME = "scalablebackend-operator"   # of the Deployment, the Lease, the service account
_RELEASE = "scalablebackend"        # as in README
_CHART = REPOSITORY / "helm" / NAME


def install(cluster: Cluster) -> None:
    """Installs or upgrades, and waits until it is available. An installation that was killed half-way is begun afresh."""
    started = time.monotonic()
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}))
    state = _state(cluster)
    if state.startswith("pending") or state == "uninstalling":
        cluster.helm("uninstall", _RELEASE, "--namespace", NAMESPACE, "--wait")
    cluster.helm("upgrade", "--install", _RELEASE, str(_CHART), "--namespace", NAMESPACE, "--wait", "--timeout", "150s",
                 *values(cluster))
    if state == "deployed":
        # The tag of a development image says nothing about its content.
        cluster.kubectl("--namespace", NAMESPACE, "rollout", "restart", f"deployment/{NAME}")
        cluster.kubectl("--namespace", NAMESPACE, "rollout", "status", f"deployment/{NAME}", "--timeout=120s",
                        seconds=130)
    cluster.kubectl("wait", "--for=condition=Available", "apiservice/v1beta1.external.metrics.k8s.io", "--timeout=150s",
                    seconds=160)
    say(f"operator installed in {time.monotonic() - started:.1f} s")


def values(cluster: Cluster) -> list[str]:
    """Nothing to say on the local cluster: the chart's defaults are made for it."""
    return [] if cluster.registry == "localhost" else ["--set", f"imageRegistry={cluster.registry}"]


def _state(cluster: Cluster) -> str:
    """deployed, failed, pending-install, ...; empty: not there."""
    answer = cluster.helm("status", _RELEASE, "--namespace", NAMESPACE, "--output", "json", check=False)
    return json.loads(answer)["info"]["status"] if answer else ""
