"""The demo: a backend from one `kubectl apply`, load in steps, and the autoscaler at work, watched live.

What the figures of the last line mean:
  first_200_s    from `kubectl apply` to the first 200 through the Service, seen by a pod in the cluster that asks by
                 DNS name every 50 ms and was there before
  scale_out_s    from the step up of the load to the first additional API pod that is Ready
  scale_in_s     from the step down of the load to the first API pod that is told to go
  max_replicas   most API pods that were Ready at once
  requests       all requests of the load
  errors         those that did not get the expected status, for whatever reason
"""

import argparse
import json
import math
import os
import sys
import time

from harness import hpa, plot, svg
from harness.api import Api
from harness.cluster import OUT, REPOSITORY, Cluster
from harness.failure import Failure
from harness.k6 import Phase
from harness.load import LoadRun, first_200
from harness.screen import Screen
from harness.setup import prepared
from harness.steps import say

SAMPLE = REPOSITORY / "manifests/samples/todo.yaml"
_BACKEND, _NAMESPACE, _LOAD_NAMESPACE = "todo", "default", "scalablebackend-load"
_FIRST_200_SECONDS = 180.0
_HPA_SECONDS = 90


def main() -> int:
    options = _options()
    started = time.monotonic()
    try:
        with prepared(options.nodes, options.keep) as cluster:
            figures = _Demo(cluster).run()
    except Failure as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return 130
    say(f"everything took {time.monotonic() - started:.0f} s")
    print("demo: " + " ".join(f"{name}={value}" for name, value in figures.items()))
    return verdict(figures)


def phases_for(target: float, least: int, most: int) -> list[Phase]:
    """Load that keeps the least replicas busy, then needs up to four more, then almost none."""
    wanted = min(most, least + 4)
    return [Phase("base", max(round(0.6 * target * least), 1), 40),
            Phase("rise", math.ceil(0.95 * target * wanted), 80),
            Phase("fall", max(round(0.4 * target * least), 1), 110)]


def verdict(figures: dict[str, str]) -> int:
    """Exit code: 1 if an answer was wrong or it did not scale out and in."""
    scaled = figures["scale_out_s"] != "-" and figures["scale_in_s"] != "-"
    return 0 if scaled and figures["errors"] == "0" else 1


class _Demo:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def run(self) -> dict[str, str]:
        with Api.open(self._cluster.kubectl_path, self._cluster.kubeconfig) as api:
            try:
                return self._run(api)
            finally:
                api.delete(f"/api/v1/namespaces/{_LOAD_NAMESPACE}")

    def _run(self, api: Api) -> dict[str, str]:
        remove_backend(self._cluster, _NAMESPACE, _BACKEND)
        make_load_namespace(self._cluster, _LOAD_NAMESPACE)
        say(f"kubectl apply -f {SAMPLE.relative_to(REPOSITORY)}")
        seconds = first_200(api, _LOAD_NAMESPACE, f"http://{_BACKEND}-api.{_NAMESPACE}.svc/health", self._apply,
                            _FIRST_200_SECONDS)
        say(f"first 200 through the Service after {seconds:.1f} s")
        self._cluster.kubectl("-n", _NAMESPACE, "wait", f"sb/{_BACKEND}", "--for=condition=Ready", "--timeout=120s",
                              seconds=130)
        say(self._cluster.kubectl("-n", _NAMESPACE, "get", "sb,deploy,sts,hpa", check=False).rstrip())
        reading, least, most = self._await_metric(api)
        phases = phases_for(reading.target, least, most)
        say("load: " + ", ".join(f"{p.rate}/s for {p.seconds} s ({p.name})" for p in phases)
            + f"; the HPA wants {reading.target:g} requests/s a pod")
        run = LoadRun(api, _NAMESPACE, _BACKEND, _LOAD_NAMESPACE, phases)
        summary = run.execute(Screen().show)
        return self._report(run, summary, seconds)

    def _apply(self) -> None:
        self._cluster.kubectl("-n", _NAMESPACE, "apply", "-f", str(SAMPLE))

    def _await_metric(self, api: Api) -> tuple[hpa.Reading, int, int]:
        """The HPA once it has read the metric, and its bounds."""
        path = f"/apis/autoscaling/v2/namespaces/{_NAMESPACE}/horizontalpodautoscalers"
        reading = hpa.read({})
        for _, thing in api.watch(path, _HPA_SECONDS, fieldSelector=f"metadata.name={_BACKEND}-api"):
            reading = hpa.read(thing)
            if reading.scaling_active and reading.value is not None and reading.target is not None:
                return reading, thing["spec"].get("minReplicas", 1), thing["spec"]["maxReplicas"]
        raise Failure(f"hpa {_NAMESPACE}/{_BACKEND}-api: no metric in {_HPA_SECONDS} s: "
                      f"{reading.why_inactive or 'no HPA there'}; see kubectl get sb {_BACKEND} -o yaml")

    def _report(self, run: LoadRun, summary: dict, first: float) -> dict[str, str]:
        for answer in summary["unexpected"][:20]:
            say(f"unexpected: {json.dumps(answer)}")
        if summary["dropped"]:
            say(f"k6 left out {summary['dropped']} requests: this machine was too slow to send them in time")
        timeline = run.timeline
        print("\n" + plot.render(timeline, min(_columns(), 110)))
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "demo.svg").write_text(svg.render(timeline, "One ScalableBackend under load in steps"))
        say(f"the same as a picture: {os.path.relpath(OUT / 'demo.svg')}")
        return {
            "first_200_s": f"{first:.1f}",
            "scale_out_s": _seconds(timeline.scale_out_s("rise")),
            "scale_in_s": _seconds(timeline.scale_in_s("fall")),
            "max_replicas": str(timeline.max_ready()),
            "requests": str(summary["requests"]),
            "errors": str(summary["errors"]),
        }


def make_load_namespace(cluster: Cluster, name: str) -> None:
    """A fresh namespace for the pods that ask and load."""
    cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--timeout=60s", seconds=70)
    cluster.kubectl("create", "namespace", name)


def remove_backend(cluster: Cluster, namespace: str, name: str) -> None:
    """What an earlier demo left: the backend, and the claims and credentials that deletion keeps on purpose."""
    selector = f"scalablebackend.io/name={name}"
    cluster.kubectl("-n", namespace, "delete", "sb", name, "--ignore-not-found", "--timeout=60s", seconds=70)
    cluster.kubectl("-n", namespace, "wait", "pods", "-l", selector, "--for=delete", "--timeout=90s", seconds=100,
                    check=False)  # it fails when there is none
    cluster.kubectl("-n", namespace, "delete", "pvc,secret", "-l", selector, "--timeout=60s", seconds=70)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="e2e/demo", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="With KUBECONFIG set (and SB_CLUSTER not 'local') it runs on that cluster; "
                                            "SB_REGISTRY says where images go.")
    parser.add_argument("--keep", action="store_true", help="leave the cluster up and say how to use it")
    parser.add_argument("--nodes", type=int, default=3, help="nodes of the cluster (default 3)")
    return parser.parse_args()


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _columns() -> int:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 100


if __name__ == "__main__":
    sys.exit(main())
