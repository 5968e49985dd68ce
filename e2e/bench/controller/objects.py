"""The objects of the scenario. Pure: an index in, an object out, always the same.

A pod is about 8 KB as the API server gives it back, managedFields of its two writers included: a web service with
probes, volumes and two writers, as one finds thousands of in any larger cluster.
"""

import hashlib
from typing import Any

from bench.controller.scenario import FOREIGN_NAMESPACE, GROUP, NAMESPACE, PODS_PER_WIDGET

Object = dict[str, Any]
_SINCE = "2026-01-02T03:04:05Z"


def widget_definition() -> Object:
    def of(kind: str, **properties: Any) -> Object:
        return {"type": kind, **properties}

    spec = of("object", properties={"size": of("integer"), "color": of("string")})
    status = of("object", properties={"ready": of("integer")})
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{GROUP}"},
        "spec": {
            "group": GROUP, "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{
                "name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": of("object", properties={"spec": spec, "status": status})},
            }],
        },
    }


def widget_name(index: int) -> str:
    return f"widget-{index:04}"


def widget(index: int) -> Object:
    return {"apiVersion": f"{GROUP}/v1", "kind": "Widget",
            "metadata": {"name": widget_name(index), "namespace": NAMESPACE},
            "spec": {"size": PODS_PER_WIDGET, "color": ("red", "green", "blue")[index % 3]}}


def ready_pods(index: int) -> int:
    """How many pods of this Widget are ready."""
    first = index * PODS_PER_WIDGET
    return sum(_is_ready(pod) for pod in range(first, first + PODS_PER_WIDGET))


def own_secret(index: int) -> Object:
    return _secret(f"own-{index:02}", NAMESPACE, {"app.kubernetes.io/managed-by": "bench"})


def foreign_secret(index: int) -> Object:
    return _secret(f"foreign-{index:05}", FOREIGN_NAMESPACE, {"app.kubernetes.io/managed-by": "somebody-else"})


def pod_name(index: int) -> str:
    return f"{widget_name(index // PODS_PER_WIDGET)}-7c9f8d6b5-{_digits(index, 5)}"


def pod(index: int) -> Object:
    """As a ReplicaSet's controller would make it; nobody ever schedules it."""
    owner = widget_name(index // PODS_PER_WIDGET)
    labels = {"app.kubernetes.io/name": "shop", "app.kubernetes.io/instance": owner,
              "app.kubernetes.io/component": "web", "app.kubernetes.io/version": "4.17.2",
              "pod-template-hash": "7c9f8d6b5", "bench/widget": owner}
    annotations = {"checksum/config": _digits(index // PODS_PER_WIDGET, 64), "prometheus.io/scrape": "true",
                   "prometheus.io/port": "9102", "kubectl.kubernetes.io/restartedAt": _SINCE}
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": pod_name(index), "namespace": NAMESPACE, "labels": labels, "annotations": annotations},
            "spec": _pod_spec(owner)}


def pod_status(index: int) -> Object:
    """As a kubelet would report it; two of eleven pods are not ready."""
    ready = _is_ready(index)
    phase = "Pending" if index % 11 == 7 else "Running"
    address = f"10.{100 + index // 62500}.{index // 250 % 250}.{index % 250 + 1}"
    conditions = [
        {"type": kind, "status": "True" if ready or kind in ("PodScheduled", "Initialized") else "False",
         "lastProbeTime": None, "lastTransitionTime": _SINCE,
         **({} if ready or kind in ("PodScheduled", "Initialized") else
            {"reason": "ContainersNotReady", "message": "containers with unready status: [web]"})}
        for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    return {"phase": phase, "conditions": conditions, "hostIP": f"172.20.{index % 100}.10", "podIP": address,
            "hostIPs": [{"ip": f"172.20.{index % 100}.10"}], "podIPs": [{"ip": address}], "startTime": _SINCE,
            "containerStatuses": [_container_status("web", index, ready)]}


def _is_ready(index: int) -> bool:
    return index % 11 not in (3, 7)


def _pod_spec(owner: str) -> Object:
    def probe(path: str, **more: int) -> Object:
        return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 2, **more}

    def secret_value(name: str, key: str) -> Object:
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": f"{owner}-credentials", "key": key}}}

    env = [{"name": "PORT", "value": "8080"}, {"name": "METRICS_PORT", "value": "9102"},
           {"name": "LOG_LEVEL", "value": "info"}, secret_value("DATABASE_URL", "database-url"),
           {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
           {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
    restricted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    web = {
        "name": "web", "image": "registry.example.com/shop/web:4.17.2", "args": ["serve", "--config=/etc/shop/shop.yaml"],
        "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9102}], "env": env,
        "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "livenessProbe": probe("/livez", periodSeconds=10, failureThreshold=3),
        "readinessProbe": probe("/readyz", periodSeconds=5, failureThreshold=2),
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/sleep", "10"]}}}, "securityContext": restricted,
        "volumeMounts": [{"name": "config", "mountPath": "/etc/shop", "readOnly": True},
                         {"name": "scratch", "mountPath": "/tmp"}],
    }
    return {
        "schedulerName": "nobody", "containers": [web], "terminationGracePeriodSeconds": 40,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [{"name": "config", "configMap": {"name": f"{owner}-config"}},
                    {"name": "scratch", "emptyDir": {"sizeLimit": "64Mi"}}],
    }


def _container_status(name: str, index: int, ready: bool) -> Object:
    return {"name": name, "ready": ready, "started": ready, "restartCount": index % 3,
            "image": f"registry.example.com/shop/{name}:4.17.2",
            "imageID": f"registry.example.com/shop/{name}@sha256:{_digits(len(name), 64)}",
            "containerID": f"containerd://{_digits(index, 64)}",
            "state": {"running": {"startedAt": _SINCE}}}


def _secret(name: str, namespace: str, labels: dict[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "stringData": {"username": name, "password": hashlib.sha256(name.encode()).hexdigest(),
                           "certificate": hashlib.sha512(name.encode()).hexdigest() * 3}}


def _digits(seed: int, count: int) -> str:
    return hashlib.sha256(str(seed).encode()).hexdigest()[:count]
