"""The objects of both sides. Pure."""

import base64
from typing import Any

from bench.controller import objects
from bench.controller import operator as with_operator
from bench.keda.prometheus import URL
from bench.keda.scenario import NAMESPACE, TARGET, name
from cluster import network

Object = dict[str, Any]
LEAST, MOST = 1, 10
_METRICS_GROUP = "external.metrics.k8s.io"
_PODS_A_NODE = 500


def node(index: int) -> Object:
    """One that kwok plays the kubelet of."""
    room = {"cpu": "1000", "memory": "4Ti", "pods": str(_PODS_A_NODE)}
    return {"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": f"made-up-{index}", "annotations": {"kwok.x-k8s.io/node": "fake"},
                         "labels": {"kubernetes.io/hostname": f"made-up-{index}", "kubernetes.io/os": "linux"}},
            "status": {"capacity": room, "allocatable": room}}


def backend(index: int, query: str, engine: str) -> Object:
    """A ScalableBackend whose database and cache are elsewhere."""
    thing = with_operator.backend(index)
    thing["metadata"] = {"name": name(index), "namespace": NAMESPACE}
    thing["spec"]["api"] = {"autoscaling": {
        "engine": engine, "minReplicas": LEAST, "maxReplicas": MOST,
        "metrics": [{"type": "Prometheus", "name": "load", "query": query, "target": {"averageValue": str(TARGET)}}]}}
    return thing


def other_query(query: str) -> Object:
    """The change of a ScalableBackend; a list is replaced whole."""
    return {"spec": {"api": {"autoscaling": {"metrics": backend(0, query, "")["spec"]["api"]["autoscaling"]["metrics"]}}}}


def deployment(index: int) -> Object:
    """What a ScaledObject scales: a web service as one finds them, without Secrets in its environment: KEDA reads those."""
    pod = objects.pod(index)
    labels = {"app.kubernetes.io/name": name(index)}
    spec = {key: value for key, value in pod["spec"].items() if key not in ("schedulerName", "volumes")}
    for container in spec["containers"]:
        container.pop("volumeMounts", None)
        container["env"] = [each for each in container["env"] if "value" in each]
    return {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name(index), "namespace": NAMESPACE, "labels": labels},
            "spec": {"replicas": LEAST, "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": spec}}}


def scaled_object(index: int, query: str) -> Object:
    """KEDA's own defaults everywhere, but for minReplicaCount: an HPA does not scale from zero."""
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "metadata": {"name": name(index), "namespace": NAMESPACE},
            "spec": {"scaleTargetRef": {"name": name(index)}, "minReplicaCount": LEAST, "maxReplicaCount": MOST,
                     "triggers": [_trigger(query)]}}


def other_trigger(query: str) -> Object:
    """The change of a ScaledObject."""
    return {"spec": {"triggers": [_trigger(query)]}}


def _trigger(query: str) -> Object:
    return {"type": "prometheus", "metadata": {"serverAddress": URL, "query": query, "threshold": str(TARGET)}}


def metrics_slot(namespace: str, service: str, port: int, authority: bytes | None = None) -> list[tuple[str, Object]]:
    """The cluster's one slot for external metrics, leading to a port of the control plane's own network: (path, object)."""
    core = f"/api/v1/namespaces/{namespace}"
    registration: Object = {
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": f"v1beta1.{_METRICS_GROUP}"},
        "spec": {"group": _METRICS_GROUP, "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
                 "service": {"namespace": namespace, "name": service, "port": 443}}}
    if authority:
        registration["spec"]["caBundle"] = base64.b64encode(authority).decode()
    return [
        (f"{core}/services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": service},
                              "spec": {"ports": [{"name": "https", "port": 443}]}}),
        (f"{core}/endpoints", {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": service}, "subsets": [
            {"addresses": [{"ip": network.CONTROL_IP}], "ports": [{"name": "https", "port": port}]}]}),
        ("/apis/apiregistration.k8s.io/v1/apiservices", registration),
    ]
