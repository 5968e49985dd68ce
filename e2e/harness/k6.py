"""k6 as a pod inside the cluster: load arrives through the Service, by its DNS name, from a real client's place.

    run = K6Pod.start(api, "load", "mixed", script, {"BASE_URL": ...}, on_line)
    run.figures()          # live, through the API server's pod proxy
    run.wait(seconds=200)  # until the pod has ended and its log is read
    summary(run.log)       # {"requests": …, "errors": …, "dropped": …, "p95_ms": {phase: …}}
"""

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.api import Api, Refused, in_background
from harness.failure import Failure

SCRIPTS = Path(__file__).resolve().parent.parent / "load"
IMAGE = os.environ.get("SB_K6_IMAGE", "localhost/k6:dev")
_REST_PORT = 6565


@dataclass(frozen=True)
class Phase:
    """A stretch of steady load: `rate` requests a second for `seconds`."""

    name: str
    rate: int
    seconds: int


@dataclass(frozen=True)
class Figures:
    """Totals since the start; `p95_ms` by phase, for the phases that have begun."""

    requests: int
    errors: int
    p95_ms: dict[str, float]


class K6Pod:
    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._ended = threading.Event()
        self.log: list[str] = []

    @classmethod
    def start(cls, api: Api, namespace: str, name: str, script: str, environment: dict[str, str],
              on_line: Callable[[float, str], None] = lambda at, line: None, seconds: float = 120) -> "K6Pod":
        """Runs e2e/load/`script` and returns once the pod has started. `on_line` is called from a thread of
        its own with each line of the log and the time.monotonic() at which it arrived."""
        run = cls(api, namespace, name)
        run.remove()
        api.create(f"/api/v1/namespaces/{namespace}/configmaps", _config_map(name, script))
        api.create(f"/api/v1/namespaces/{namespace}/pods", pod(name, script, environment))
        run._await_start(seconds)
        in_background(f"log of {name}", lambda: run._follow(on_line))
        return run

    def figures(self) -> Figures | None:
        """None while there are none: k6 is starting or has ended."""
        try:
            metrics = self._api.get(f"{self._path()}:{_REST_PORT}/proxy/v1/metrics")
        except (Failure, json.JSONDecodeError):
            return None
        return parse_figures(metrics)

    def ended(self, seconds: float) -> bool:
        """Waits for the end of k6, at most `seconds`."""
        return self._ended.wait(seconds)

    def wait(self, seconds: float) -> list[str]:
        """The whole log. Raises Failure if k6 still runs after `seconds`."""
        if not self._ended.wait(seconds):
            raise Failure(f"pod {self._namespace}/{self._name}: k6 still runs after {seconds:g} s: {self.log[-3:]}")
        return self.log

    def remove(self) -> None:
        """Removes pod and script, now and not after a grace period; what is not there is fine."""
        self._api.delete(self._path(), grace_seconds=0)
        self._api.delete(f"/api/v1/namespaces/{self._namespace}/configmaps/{self._name}")
        deadline = time.monotonic() + 60
        while self._api.find(self._path()):
            if time.monotonic() > deadline:
                raise Failure(f"pod {self._namespace}/{self._name}: still there 60 s after its deletion")
            time.sleep(0.2)

    def _path(self) -> str:
        return f"/api/v1/namespaces/{self._namespace}/pods/{self._name}"

    def _await_start(self, seconds: float) -> None:
        pods = f"/api/v1/namespaces/{self._namespace}/pods"
        phase, why = "", ""
        for _, thing in self._api.watch(pods, int(seconds), fieldSelector=f"metadata.name={self._name}"):
            phase, why = thing["status"].get("phase", ""), _waiting(thing)
            if phase in ("Running", "Succeeded"):
                return
        raise Failure(f"pod {self._namespace}/{self._name}: not started in {seconds:g} s ({phase} {why}); "
                      f"is the image {IMAGE} on the nodes?")

    def _follow(self, on_line: Callable[[float, str], None]) -> None:
        try:
            for line in self._api.lines(f"{self._path()}/log", 600, follow="true"):
                self.log.append(line)
                on_line(time.monotonic(), line)
        except Refused as refused:
            self.log.append(str(refused))
        finally:
            self._ended.set()


def phases_json(phases: list[Phase]) -> str:
    return json.dumps([vars(phase) for phase in phases])


def phase_started(line: str) -> str | None:
    """The phase that a line of mixed.js' log says has begun."""
    return line.removeprefix("phase ").strip() if line.startswith("phase ") else None


def unexpected(log: list[str]) -> list[dict[str, Any]]:
    """Every answer that was not the expected one."""
    return [json.loads(line.removeprefix("unexpected ")) for line in log if line.startswith("unexpected {")]


def summary(log: list[str]) -> dict[str, Any]:
    """The figures that mixed.js ends with. Raises Failure with the log's end if k6 never got there."""
    for line in reversed(log):
        if line.startswith("summary {"):
            return json.loads(line.removeprefix("summary "))
    raise Failure("k6 ended without a summary: " + " | ".join(log[-5:]))


def parse_figures(metrics: dict[str, Any]) -> Figures:
    """Reads the answer of k6's GET /v1/metrics."""
    samples = {metric["id"]: metric["attributes"]["sample"] for metric in metrics.get("data") or []}
    prefix = "http_req_duration{scenario:"
    return Figures(
        requests=int(samples.get("sent", {}).get("count", 0)),
        errors=int(samples.get("unexpected", {}).get("count", 0)),
        p95_ms={name[len(prefix):-1]: sample["p(95)"] for name, sample in samples.items()
                if name.startswith(prefix) and sample.get("p(95)")},
    )


def _config_map(name: str, script: str) -> dict[str, Any]:
    text = (SCRIPTS / f"{script}.js").read_text()
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {f"{script}.js": text}}


def pod(name: str, script: str, environment: dict[str, str]) -> dict[str, Any]:
    """The pod, fit for a namespace that enforces the restricted Pod Security Standard."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "k6"}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532,
                                "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "k6",
                "image": IMAGE,
                "imagePullPolicy": "IfNotPresent",
                # Not one packet to anyone but the target: no usage report, no cloud, no extension to fetch.
                "args": ["run", "--quiet", "--no-color", "--no-usage-report", "--log-format=raw",
                         f"--address=0.0.0.0:{_REST_PORT}", f"/scripts/{script}.js"],
                "env": [{"name": key, "value": value} for key, value in environment.items()]
                       + [{"name": "K6_AUTO_EXTENSION_RESOLUTION", "value": "false"}, {"name": "HOME", "value": "/tmp"}],
                "ports": [{"name": "rest", "containerPort": _REST_PORT}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
                "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                    "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "scripts", "mountPath": "/scripts", "readOnly": True},
                                 {"name": "tmp", "mountPath": "/tmp"}],
            }],
            "volumes": [{"name": "scripts", "configMap": {"name": name}}, {"name": "tmp", "emptyDir": {}}],
        },
    }


def _waiting(thing: dict[str, Any]) -> str:
    for status in thing["status"].get("containerStatuses") or []:
        waiting = status.get("state", {}).get("waiting") or {}
        return f"{waiting.get('reason', '')} {waiting.get('message', '')}".strip()
    return ""
