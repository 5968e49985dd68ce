"""The official Kubernetes client as the tests use it: plain dicts by kind, and waiting on watches instead of sleeping.

    kube.get("Deployment", "default", "todo-api")
    kube.until("Pod", "default", lambda pods: len(pods) == 2, 60, "two pods", selector="app=todo")
"""

from __future__ import annotations  # `list` is also a method here

import time
from collections.abc import Callable
from typing import Any, TypeVar

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

Object = dict[str, Any]
Result = TypeVar("Result")

_API_VERSIONS = {
    "ScalableBackend": "scalablebackend.io/v1alpha1",
    "Namespace": "v1", "Pod": "v1", "Service": "v1", "Secret": "v1", "ConfigMap": "v1", "Event": "v1",
    "PersistentVolumeClaim": "v1", "ServiceAccount": "v1", "Node": "v1",
    "Deployment": "apps/v1", "StatefulSet": "apps/v1", "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "Lease": "coordination.k8s.io/v1",
}


class Kube:
    def __init__(self, kubeconfig: str) -> None:
        self._dynamic = DynamicClient(config.new_client_from_config(kubeconfig))

    def get(self, kind: str, namespace: str | None, name: str) -> Object | None:
        try:
            return self._kind(kind).get(namespace=namespace, name=name).to_dict()
        except NotFoundError:
            return None

    def list(self, kind: str, namespace: str | None, selector: str = "") -> list[Object]:
        return self._kind(kind).get(namespace=namespace, label_selector=selector).to_dict()["items"]

    def create(self, kind: str, namespace: str | None, thing: Object) -> Object:
        body = {"apiVersion": _API_VERSIONS[kind], "kind": kind, **thing}
        return self._kind(kind).create(body=body, namespace=namespace).to_dict()

    def patch(self, kind: str, namespace: str, name: str, change: Object) -> Object:
        """A JSON merge patch."""
        return self._kind(kind).patch(name=name, namespace=namespace, body=change,
                                      content_type="application/merge-patch+json").to_dict()

    def apply(self, kind: str, namespace: str, thing: Object, manager: str = "e2e") -> Object:
        """Server-side apply."""
        body = {"apiVersion": _API_VERSIONS[kind], "kind": kind, **thing}
        return self._kind(kind).server_side_apply(body=body, namespace=namespace, name=body["metadata"]["name"],
                                                  field_manager=manager, force_conflicts=True).to_dict()

    def delete(self, kind: str, namespace: str | None, name: str, grace_seconds: int | None = None) -> None:
        """Asks for it; what is not there is fine."""
        options = client.V1DeleteOptions(grace_period_seconds=grace_seconds, propagation_policy="Background")
        try:
            self._kind(kind).delete(name=name, namespace=namespace, body=options.to_dict())
        except (NotFoundError, ConflictError):
            pass

    def until(self, kind: str, namespace: str | None, check: Callable[[list[Object]], Result], seconds: float, what: str,
              selector: str = "", name: str = "") -> Result:
        """The first truthy answer of `check` on all objects that match, asked again at every change of one of them."""
        resource, deadline = self._kind(kind), time.monotonic() + seconds
        query = {"namespace": namespace, "label_selector": selector,
                 "field_selector": f"metadata.name={name}" if name else ""}
        while True:
            listing = resource.get(**query).to_dict()
            things = {_key(thing): thing for thing in listing["items"]}
            if answer := check(list(things.values())):
                return answer
            left = deadline - time.monotonic()
            if left <= 0:
                break
            try:
                for event in resource.watch(**query, resource_version=listing["metadata"]["resourceVersion"],
                                            timeout=max(int(left), 1)):
                    thing = event["raw_object"]
                    if event["type"] == "DELETED":
                        things.pop(_key(thing), None)
                    else:
                        things[_key(thing)] = thing
                    if answer := check(list(things.values())):
                        return answer
                    if time.monotonic() >= deadline:
                        break
            except ApiException as gone:
                if gone.status != 410:
                    raise
        raise AssertionError(f"{what}: not in {seconds:g} s; {kind} in {namespace}: {_brief(list(things.values()))}")

    def gone(self, kind: str, namespace: str | None, name: str, seconds: float) -> None:
        self.until(kind, namespace, lambda things: not things, seconds, f"{kind} {name} gone", name=name)

    def _kind(self, kind: str):
        return self._dynamic.resources.get(api_version=_API_VERSIONS[kind], kind=kind)


def _key(thing: Object) -> tuple[str, str]:
    return thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def _brief(things: list[Object]) -> str:
    return "; ".join(f"{thing['metadata']['name']}: {str(thing.get('status'))[:1500]}" for thing in things) or "none"
