"""One ScalableBackend in one namespace, as a test handles it."""

import copy
import json
import time
from collections.abc import Callable
from typing import Any

from harness.api import Api
from harness.kube import Kube, Object
from harness.wait import until

CHILDREN = ("Deployment", "StatefulSet", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Job",
            "Secret", "PersistentVolumeClaim")
# Small, so that several fit a small machine.
_SMALL = {"requests": {"cpu": "20m", "memory": "32Mi"}}


def small_spec(**more: Any) -> Object:
    """API, PostgreSQL and Redis, nothing that scales; `more` is merged over it."""
    spec = {
        "api": {"replicas": 2, "resources": _SMALL},
        "database": {"postgres": {"storage": {"size": "256Mi"}, "resources": _SMALL}},
        "cache": {"redis": {"storage": {"size": "64Mi"}, "resources": _SMALL}},
    }
    return merged(spec, more)


def autoscaling(target: int, least: int = 2, most: int = 5, **more: Any) -> Object:
    """Scales the API on its request rate; in again soon after the load is gone."""
    return merged({
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": [{
            "type": "Prometheus",
            "name": "requests-per-pod",
            "query": 'sum(rate(http_requests_total{namespace="$(namespace)",backend="$(name)",component="api"}[30s]))',
            "target": {"averageValue": str(target)},
        }],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 10,
                                   "policies": [{"type": "Pods", "value": 2, "periodSeconds": 15}]}},
    }, more)


def merged(base: Object, change: Object) -> Object:
    """`change` over `base`: objects merge, null removes, everything else replaces."""
    out = copy.deepcopy(base)
    for key, value in change.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = merged(out[key], value)
        else:
            out[key] = copy.deepcopy(value)
    return out


class Backend:
    def __init__(self, kube: Kube, api: Api, namespace: str, spec: Object, name: str = "todo") -> None:
        self._kube = kube
        self._api = api
        self.namespace = namespace
        self.name = name
        self.spec = spec
        self.selector = f"scalablebackend.io/name={name}"
        self.api_selector = f"{self.selector},scalablebackend.io/component=api"

    def apply(self, **change: Any) -> "Backend":
        """Applies the spec, after merging `change` into it."""
        self.spec = merged(self.spec, change)
        self._kube.apply("ScalableBackend", self.namespace, {"metadata": {"name": self.name}, "spec": self.spec})
        return self

    def delete(self) -> None:
        self._kube.delete("ScalableBackend", self.namespace, self.name)

    def object(self) -> Object:
        thing = self._kube.get("ScalableBackend", self.namespace, self.name)
        assert thing is not None, f"{self.namespace}/{self.name} is gone"
        return thing

    def until(self, check: Callable[[Object], Any], seconds: float, what: str) -> Any:
        return self._kube.until("ScalableBackend", self.namespace, lambda things: things and check(things[0]), seconds,
                                what, name=self.name)

    def until_condition(self, kind: str, status: str | tuple[str, ...], seconds: float, reason: str = "",
                        names: tuple[str, ...] = ()) -> Object:
        """Waits for the condition of the current generation, and for a message that has all of `names`."""
        wanted = (status,) if isinstance(status, str) else status

        def check(thing: Object) -> Object | None:
            found = conditions(thing).get(kind)
            fits = (found and found["status"] in wanted and (not reason or found["reason"] == reason)
                    and found.get("observedGeneration", 0) >= thing["metadata"]["generation"]
                    and all(name in found["message"] for name in names))
            return found if fits else None

        return self.until(check, seconds, f"condition {kind} {'/'.join(wanted)} {reason} naming {names}")

    def until_ready(self, seconds: float = 150) -> "Backend":
        self.until_condition("Ready", "True", seconds)
        return self

    def until_answers(self, seconds: float = 60) -> "Backend":
        """Until a request arrives at a pod: the Service's endpoints follow the pods' readiness by a controller of their own,
        which may be later than the one that makes the Deployment available and so the backend Ready."""
        until(lambda: self.ask("/health")[0] == 200, seconds, f"{self.namespace}/{self.name} answers")
        return self

    def ask(self, path: str, method: str = "GET") -> tuple[int, Any]:
        """Status and JSON body of an answer through the Service, by way of the API server."""
        status, text = self._api.ask(
            method, f"/api/v1/namespaces/{self.namespace}/services/{self.name}-api:http/proxy{path}")
        try:
            return status, json.loads(text)
        except json.JSONDecodeError:
            return status, text

    def make_user(self, username: str) -> int:
        status, user = self.ask(f"/users/?username={username}", "POST")
        assert status == 200, (status, user)
        return user["id"]

    def assert_serves(self, seconds: float = 0) -> None:
        """Every answer of `seconds` is a 200."""
        deadline = time.monotonic() + seconds
        while True:
            status, body = self.ask("/health")
            assert status == 200, f"the old pods no longer serve: {status} {body}"
            if time.monotonic() >= deadline:
                return
            time.sleep(0.1)   # a rate, not a wait

    def children(self) -> dict[str, Object]:
        """kind/name -> object, for all that carries the backend's label."""
        return {f"{kind}/{thing['metadata']['name']}": thing
                for kind in CHILDREN for thing in self._kube.list(kind, self.namespace, self.selector)}

    def pods(self, component: str = "") -> list[Object]:
        selector = self.selector + (f",scalablebackend.io/component={component}" if component else "")
        return self._kube.list("Pod", self.namespace, selector)


def conditions(thing: Object) -> dict[str, Object]:
    return {condition["type"]: condition for condition in thing.get("status", {}).get("conditions") or []}
