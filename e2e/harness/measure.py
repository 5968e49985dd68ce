"""Figures of the operator for the README, from the cluster that is up (e2e/demo --keep starts one).

  operator_start_ms   from the start of its process to its first answer on /readyz, as it says itself in its log
  operator_rss_mb     resident memory of its process while it looks after what is in the cluster (its own /metrics)
  operator_image_mb   the image unpacked, in MB of 10^6 bytes
  backends            how many ScalableBackends it looked after meanwhile
"""

import json
import re
import sys
import tarfile
import time

from harness import cluster as clusters
from harness import release
from harness.api import Api
from harness.cluster import REPOSITORY, Cluster
from harness.failure import Failure
from harness.steps import say

_SELECTOR = f"app.kubernetes.io/name={release.NAME}"
_METRICS_PORT = 8080
_RESTARTS = 5


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


def metric(text: str, name: str) -> float:
    """The value of an unlabelled metric in Prometheus' text format."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    if not found:
        raise Failure(f"the operator's /metrics has no {name}")
    return float(found[1])


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
    starts = []
    for number in range(_RESTARTS):
        pod = _restart(cluster, api)
        starts.append(_start_ms(api, pod))
        say(f"start {number + 1} of {_RESTARTS}: {starts[-1]:.0f} ms")
    time.sleep(30)   # the claim is about an operator at rest
    text = api.text(f"/api/v1/namespaces/{release.NAMESPACE}/pods/{pod}:{_METRICS_PORT}/proxy/metrics")
    backends = api.get("/apis/scalablebackend.io/v1alpha1/scalablebackends")["items"]
    archive = REPOSITORY / "out/images/scalablebackend-operator.tar"
    return {
        "operator_start_ms": f"{sorted(starts)[len(starts) // 2]:.0f}",
        "operator_rss_mb": f"{metric(text, 'process_resident_memory_bytes') / 1e6:.1f}",
        "operator_image_mb": f"{unpacked_bytes(archive) / 1e6:.1f}" if archive.exists() else "-",
        "backends": str(len(backends)),
    }


def _restart(cluster: Cluster, api: Api) -> str:
    """A new operator pod that is Ready, the only one."""
    cluster.kubectl("-n", release.NAMESPACE, "delete", "pod", "-l", _SELECTOR, "--wait", "--timeout=60s", seconds=70)
    cluster.kubectl("-n", release.NAMESPACE, "rollout", "status", f"deployment/{release.NAME}", "--timeout=60s", seconds=70)
    pods = api.get(f"/api/v1/namespaces/{release.NAMESPACE}/pods", labelSelector=_SELECTOR)["items"]
    return next(pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"])


def _start_ms(api: Api, pod: str) -> float:
    """The operator logs `"msg":"ready"` with the milliseconds since its process began."""
    log = api.text(f"/api/v1/namespaces/{release.NAMESPACE}/pods/{pod}/log")
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "start_ms" in entry:
            return float(entry["start_ms"])
    raise Failure(f"pod {pod}: no log line with start_ms; did the operator become ready?")


if __name__ == "__main__":
    sys.exit(main())
