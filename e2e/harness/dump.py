"""What one wants to see after a failed test: the operator's log and everything of the test's namespace, in files."""

from pathlib import Path

from harness import release
from harness.cluster import Cluster
from harness.failure import Failure

_KINDS = "sb,deploy,sts,rs,job,pod,svc,endpointslices,hpa,pdb,pvc,lease"


def write(cluster: Cluster, namespace: str | None, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    operator = ["-n", release.NAMESPACE, "logs", f"deployment/{release.NAME}", "--all-containers", "--prefix"]
    _save(folder / "operator.log", cluster, *operator, "--tail=3000")
    _save(folder / "operator-pods.txt", cluster, "-n", release.NAMESPACE, "describe", "pods")
    _save(folder / "cluster.txt", cluster, "get", "nodes,pods,apiservices", "-A", "-o", "wide")
    if namespace:
        for name, arguments in {
            "objects.txt": ("get", _KINDS, "-o", "wide"),
            "objects.yaml": ("get", _KINDS, "-o", "yaml", "--show-managed-fields"),
            "describe.txt": ("describe", "sb,pod,hpa,job"),
            "events.txt": ("get", "events", "--sort-by=.lastTimestamp"),
        }.items():
            _save(folder / name, cluster, "-n", namespace, *arguments)
        for pod in cluster.kubectl("-n", namespace, "get", "pods", "-o", "name", check=False).split():
            _save(folder / f"{pod.removeprefix('pod/')}.log", cluster, "-n", namespace, "logs", pod, "--all-containers",
                  "--tail=2000")


def _save(path: Path, cluster: Cluster, *arguments: str) -> None:
    try:
        path.write_text(cluster.kubectl(*arguments, check=False))
    except Failure as failure:
        path.write_text(str(failure))
