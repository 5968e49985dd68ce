"""What a cluster has beside Kubernetes itself: DNS, resource metrics, a default StorageClass, Prometheus."""

import subprocess
from pathlib import Path

from cluster import api, paths
from cluster.components import binary
from cluster.errors import ClusterError
from cluster.waiting import wait_for

DEPLOYMENTS = {
    "CoreDNS": "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
    "Prometheus": "/apis/apps/v1/namespaces/monitoring/deployments/prometheus",
}
METRICS_API = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
READY_SECONDS = 240


def apply() -> None:
    _kubectl_apply("--filename", paths.ADDONS)
    _kubectl_apply("--kustomize", paths.PROMETHEUS)


def wait_for_deployment(name: str) -> None:
    wait_for(
        f"{name} ready",
        lambda: api.get(DEPLOYMENTS[name]).get("status", {}).get("readyReplicas", 0) >= 1,
        READY_SECONDS,
        hint="`run kubectl get pods,events --all-namespaces` says why",
        every=0.2,
    )


def wait_for_metrics() -> None:
    wait_for(
        "metrics API available",
        lambda: api.condition(METRICS_API, "Available"),
        READY_SECONDS,
        hint="`run kubectl -n kube-system logs deployment/metrics-server` says why",
        every=0.2,
    )


def _kubectl_apply(flag: str, path: Path) -> None:
    command = [binary("kube"), "kubectl", f"--kubeconfig={paths.KUBECONFIG}", "apply", "--server-side"]
    applied = subprocess.run([*command, "--force-conflicts", flag, path], capture_output=True, text=True)
    if applied.returncode != 0:
        raise ClusterError(f"{path} was not applied: {applied.stderr.strip()}")
