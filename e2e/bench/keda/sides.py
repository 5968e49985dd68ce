"""The two sides: what each installs, what it makes of an object, and its processes."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from bench.controller import builds
from bench.controller.api_server import Connection
from bench.keda import objects, prometheus
from bench.keda.process import Process
from bench.keda.scenario import NAMESPACE, name
from cluster import certificates, components, paths
from cluster.certificates import CA, Identity
from cluster.go import ensure_go, environment
from harness.api import Refused
from harness.cluster import REPOSITORY
from harness.failure import Failure
from harness.wait import until

# Both get what they ask the API server for: KEDA's own limit, 20 requests a second, takes minutes for 1,000 objects.
_KEDA_REQUESTS = ("--kube-api-qps=200", "--kube-api-burst=400")
_SERVED_SECONDS = 30.0


class Side(Protocol):
    name: str

    def install(self, connection: Connection) -> None:
        """What has to be there before the processes."""

    def create(self, connection: Connection, index: int, query: str) -> None:
        """One object to scale, with this query."""

    def change(self, connection: Connection, index: int, query: str) -> None:
        """Another query."""

    def deployment(self, index: int) -> str:
        """The name of what it scales."""

    def run(self, kubeconfig: Path, logs: Path) -> "Iterator[list[Process]]":
        """A context: its processes."""


class Ours:
    _SYSTEM = "scalablebackend-system"
    _DEFINITION = REPOSITORY / "crds/scalablebackends.scalablebackend.io.yaml"
    _BACKENDS = f"/apis/scalablebackend.io/v1alpha1/namespaces/{NAMESPACE}/scalablebackends"
    _PORT, _METRICS_PORT = 18443, 18080

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self.name = f"ours, {engine}"

    def install(self, connection: Connection) -> None:
        apply(self._DEFINITION)
        connection.create("/api/v1/namespaces", {"metadata": {"name": self._SYSTEM}})
        # Two URLs that no pod will ever open: kwok's pods run nothing.
        connection.create(f"/api/v1/namespaces/{NAMESPACE}/secrets", {"metadata": {"name": "urls"}, "stringData": {
            "database": "postgres://shop:secret@db.example.com/shop", "redis": "redis://cache.example.com"}})
        for path, thing in objects.metrics_slot(self._SYSTEM, "scalablebackend-metrics-api", self._PORT):
            connection.create(path, thing)
        until(lambda: _is_served(connection, self._BACKENDS), _SERVED_SECONDS, "ScalableBackends served")

    def create(self, connection: Connection, index: int, query: str) -> None:
        connection.create(self._BACKENDS, objects.backend(index, query, self._engine))

    def change(self, connection: Connection, index: int, query: str) -> None:
        connection.merge(f"{self._BACKENDS}/{name(index)}", objects.other_query(query))

    def deployment(self, index: int) -> str:
        return f"{name(index)}-api"

    @contextmanager
    def run(self, kubeconfig: Path, logs: Path) -> Iterator[list[Process]]:
        argv = [builds.OPERATOR, "run", "--pod-name=bench", f"--pod-namespace={self._SYSTEM}",
                f"--prometheus-url={prometheus.URL}", f"--metrics-api-port={self._PORT}",
                f"--metrics-port={self._METRICS_PORT}"]
        with Process("scalablebackend", argv, logs, KUBECONFIG=str(kubeconfig)) as operator:
            yield [operator]


class Keda:
    """Operator and metrics adapter, as its own manifests start them; no admission webhooks."""

    name = f"KEDA {components.KEDA}"
    _SYSTEM = "keda"
    _SERVICE = "keda-metrics-apiserver"
    _SCALED = f"/apis/keda.sh/v1alpha1/namespaces/{NAMESPACE}/scaledobjects"
    _DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
    _PORT, _GRPC_PORT, _METRICS_PORT, _PROBE_PORT, _ADAPTER_METRICS_PORT = 18443, 19666, 18080, 18081, 18082

    def install(self, connection: Connection) -> None:
        apply(_keda_sources() / "config/crd/bases")
        connection.create("/api/v1/namespaces", {"metadata": {"name": self._SYSTEM}})
        authority = certificates.certificate(CA).read_bytes()
        for path, thing in objects.metrics_slot(self._SYSTEM, self._SERVICE, self._PORT, authority):
            connection.create(path, thing)
        until(lambda: _is_served(connection, self._SCALED), _SERVED_SECONDS, "ScaledObjects served")

    def create(self, connection: Connection, index: int, query: str) -> None:
        connection.create(self._DEPLOYMENTS, objects.deployment(index))
        connection.create(self._SCALED, objects.scaled_object(index, query))

    def change(self, connection: Connection, index: int, query: str) -> None:
        connection.merge(f"{self._SCALED}/{name(index)}", objects.other_trigger(query))

    def deployment(self, index: int) -> str:
        return name(index)

    @contextmanager
    def run(self, kubeconfig: Path, logs: Path) -> Iterator[list[Process]]:
        keys = self._certificates()
        around = {"KUBECONFIG": str(kubeconfig), "POD_NAMESPACE": self._SYSTEM, "WATCH_NAMESPACE": "",
                  "KEDA_CLUSTER_OBJECT_NAMESPACE": self._SYSTEM}
        operator = [components.KEDA_OPERATOR.stored(), "--zap-log-level=error", "--zap-encoder=console",
                    f"--metrics-bind-address=:{self._METRICS_PORT}", f"--health-probe-bind-address=:{self._PROBE_PORT}",
                    f"--metrics-service-bind-address=:{self._GRPC_PORT}", f"--cert-dir={keys}", *_KEDA_REQUESTS]
        adapter = [components.KEDA_ADAPTER.stored(), "--zap-log-level=error", "--zap-encoder=console",
                   f"--port={self._ADAPTER_METRICS_PORT}", f"--secure-port={self._PORT}",
                   f"--metrics-service-address=127.0.0.1:{self._GRPC_PORT}", f"--cert-dir={keys}",
                   f"--tls-cert-file={keys / 'tls.crt'}", f"--tls-private-key-file={keys / 'tls.key'}",
                   f"--authentication-kubeconfig={kubeconfig}", f"--authorization-kubeconfig={kubeconfig}",
                   f"--lister-kubeconfig={kubeconfig}", *_KEDA_REQUESTS]
        with ExitStack() as stack:
            yield [stack.enter_context(Process("keda-operator", operator, logs, **around)),
                   stack.enter_context(Process("keda-adapter", adapter, logs, **around))]

    def _certificates(self) -> Path:
        """What its certificate rotation would make: one certificate for both, of the cluster's authority."""
        service = f"{self._SERVICE}.{self._SYSTEM}.svc"
        certificates.issue(Identity("keda", "/CN=keda", ("IP:127.0.0.1", f"DNS:{service}", "DNS:localhost")))
        folder = paths.STATE / "keda"
        folder.mkdir(exist_ok=True)
        for source, target in ((certificates.certificate(CA), "ca.crt"), (certificates.certificate("keda"), "tls.crt"),
                               (certificates.key("keda"), "tls.key")):
            shutil.copyfile(source, folder / target)
        return folder


def apply(path: Path) -> None:
    done = subprocess.run([components.binary("kube"), "kubectl", f"--kubeconfig={paths.KUBECONFIG}", "apply",
                           "--server-side", f"--filename={path}"], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{path}: {done.stderr.strip()}")


def _is_served(connection: Connection, path: str) -> bool:
    """A definition that was just applied takes a moment."""
    try:
        connection.call("GET", path)
    except Refused:
        return False
    return True


def _keda_sources() -> Path:
    """Its module as Go keeps it, by checksum."""
    found = subprocess.run([ensure_go(), "mod", "download", "-json", components.KEDA_OPERATOR.package], cwd="/",
                           env=environment(), capture_output=True, text=True)
    if found.returncode != 0:
        raise Failure(f"KEDA's sources: {found.stderr.strip() or found.stdout.strip()}")
    return Path(json.loads(found.stdout)["Dir"])
