"""Figures of the operator for the README, from our own cluster while it is up (e2e/demo --keep starts one).

  operator_start_ms    from the start of the program to complete caches, which is when /readyz turns 200, as its log
                       says (median of 5 rounds, both replicas)
  operator_rss_mb      resident memory (VmRSS) of the leader's process at rest, in MB of 10^6 bytes
  operator_image_mb    the image unpacked
  backends             how many ScalableBackends it looked after meanwhile
"""

import json
import statistics
import sys
import tarfile
import time

from harness import cluster as clusters
from harness import operator_process, release
from harness.api import Api
from harness.cluster import REPOSITORY, Cluster
from harness.failure import Failure
from harness.steps import say

_SELECTOR = f"app.kubernetes.io/name={release.NAME}"
_ROUNDS = 5
_REST_SECONDS = 30


def main() -> int:
    if len(sys.argv) > 1:
        print(__doc__)
        return 0
    try:
        cluster = clusters.current()
        with Api.open(cluster.kubectl_path, cluster.kubeconfig) as api:
            figures = _measure(cluster, api)
    except Failure as failure:
        print(f"measure: {failure}", file=sys.stderr)
        return 1
    print("measure: " + " ".join(f"{name}={value}" for name, value in figures.items()))
    return 0


def resident_bytes(status: str) -> int:
    """VmRSS of a /proc/PID/status."""
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def unpacked_bytes(archive) -> int:
    """Sum of the files' sizes in all layers of a docker-archive."""
    with tarfile.open(archive) as image:
        layers = json.load(image.extractfile("manifest.json"))[0]["Layers"]
        total = 0
        for layer in layers:
            with tarfile.open(fileobj=image.extractfile(layer)) as content:
                total += sum(member.size for member in content if member.isfile())
        return total


def _measure(cluster: Cluster, api: Api) -> dict[str, str]:
    starts: list[float] = []
    for number in range(_ROUNDS):
        pods = _restart(cluster, api)
        round_ms = [_start_ms(api, pod["metadata"]["name"]) for pod in pods]
        say(f"round {number + 1} of {_ROUNDS}: ready after {', '.join(f'{ms:.0f} ms' for ms in round_ms)}")
        starts += round_ms
    time.sleep(_REST_SECONDS)   # the claim is about an operator at rest
    backends = api.get("/apis/scalablebackend.io/v1alpha1/scalablebackends")["items"]
    archive = REPOSITORY / "out/images/scalablebackend-operator.tar"
    return {
        "operator_start_ms": f"{statistics.median(starts):.0f}",
        "operator_rss_mb": f"{_process_bytes(_leader(api, pods)) / 1e6:.1f}",
        "operator_image_mb": f"{unpacked_bytes(archive) / 1e6:.1f}" if archive.exists() else "-",
        "backends": str(len(backends)),
    }


def _restart(cluster: Cluster, api: Api) -> list[dict]:
    """New operator pods, all Ready."""
    where = ("-n", release.NAMESPACE)
    cluster.kubectl(*where, "delete", "pod", "-l", _SELECTOR, "--wait", "--timeout=60s", seconds=70)
    cluster.kubectl(*where, "rollout", "status", f"deployment/{release.NAME}", "--timeout=60s", seconds=70)
    return api.get(f"/api/v1/namespaces/{release.NAMESPACE}/pods", labelSelector=_SELECTOR)["items"]


def _start_ms(api: Api, pod: str) -> float:
    """The operator logs the milliseconds since its start when it is ready."""
    for line in api.text(f"/api/v1/namespaces/{release.NAMESPACE}/pods/{pod}/log").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "start_ms" in entry:
            return float(entry["start_ms"])
    raise Failure(f"pod {pod}: no log line with start_ms; did the operator become ready?")


def _leader(api: Api, pods: list[dict]) -> dict:
    lease = api.get(f"/apis/coordination.k8s.io/v1/namespaces/{release.NAMESPACE}/leases/{release.NAME}")
    identity = lease["spec"]["holderIdentity"]
    return next(pod for pod in pods if identity.startswith(pod["metadata"]["name"]))


def _process_bytes(pod: dict) -> int:
    process = operator_process.of_pod(pod["metadata"]["uid"])
    if process is None:
        raise Failure(f"pod {pod['metadata']['name']}: its process is not on this machine; measure on the built-in cluster")
    return resident_bytes((process / "status").read_text())


if __name__ == "__main__":
    sys.exit(main())
