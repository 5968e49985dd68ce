"""The operator itself with 1,000 ScalableBackends, beside 30,000 Secrets that are nobody's business.

Its backends have their database and cache elsewhere, so that each is a Service, a Secret, a PodDisruptionBudget, a Job and
a Deployment. There are no nodes: the bench reports Jobs and Deployments as done, as controllers would, until every backend
is Ready and the operator has nothing left to do.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.controller import api_server, builds, memory
from bench.controller.api_server import Connection
from bench.controller.measure import Bench, Figures
from bench.controller.parallel import for_all
from bench.controller.progress import Bar, rest
from cluster import components, paths
from harness.cluster import REPOSITORY
from harness.failure import Failure

_NAMESPACE = "bench-backends"
_SYSTEM = "scalablebackend-system"
_DEFINITION = REPOSITORY / "crds/scalablebackends.scalablebackend.io.yaml"
_GROUP = "/apis/scalablebackend.io/v1alpha1"
_BACKENDS = f"{_GROUP}/namespaces/{_NAMESPACE}/scalablebackends"
_JOBS = f"/apis/batch/v1/namespaces/{_NAMESPACE}/jobs"
_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{_NAMESPACE}/deployments"
_METRICS_PORT = 18080
_SETTLE_SECONDS = 600.0
_END_SECONDS = 20.0

Object = dict[str, Any]


def measure(bench: Bench) -> Figures:
    """rss_bytes: after all that work; fresh_rss_bytes: after a restart on the settled cluster."""
    count, figures = bench.scenario.backends, {}
    with Connection() as connection:
        _prepare(connection)
        for_all(f"{count:,} ScalableBackends", count, lambda each, index: each.create(_BACKENDS, backend(index)))
        with _operator(bench) as pid:
            _settle(connection, count)
            rest("operator: idle", bench.scenario.idle_seconds)
            figures["rss_bytes"] = memory.of(pid).rss
        with _operator(bench) as pid:
            rest("operator: started again, idle", bench.scenario.idle_seconds)
            figures["fresh_rss_bytes"] = memory.of(pid).rss
    return figures


def backend(index: int) -> Object:
    def url(key: str) -> Object:
        return {"external": {"secretRef": {"name": "urls", "key": key}}}

    return {"apiVersion": "scalablebackend.io/v1alpha1", "kind": "ScalableBackend",
            "metadata": {"name": f"backend-{index:04}", "namespace": _NAMESPACE},
            "spec": {"api": {}, "database": url("database"), "cache": url("redis")}}


def done_job() -> Object:
    """The status of a Job that has succeeded."""
    now = _now()
    conditions = [{"type": kind, "status": "True", "reason": "CompletionsReached", "lastTransitionTime": now}
                  for kind in ("SuccessCriteriaMet", "Complete")]
    return {"startTime": now, "completionTime": now, "succeeded": 1, "ready": 0, "conditions": conditions}


def available_deployment(generation: int, replicas: int) -> Object:
    """The status of a Deployment that is complete."""
    now = _now()
    conditions = [
        {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "lastTransitionTime": now},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "lastTransitionTime": now}]
    return {"observedGeneration": generation, "conditions": conditions,
            **{field: replicas for field in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")}}


def has_condition(thing: Object, kind: str) -> bool:
    return any(each["type"] == kind and each["status"] == "True"
               for each in thing.get("status", {}).get("conditions", []))


def _prepare(connection: Connection) -> None:
    applied = subprocess.run([components.binary("kube"), "kubectl", f"--kubeconfig={paths.KUBECONFIG}", "apply",
                              "--server-side", f"--filename={_DEFINITION}"], capture_output=True, text=True)
    if applied.returncode != 0:
        raise Failure(f"{_DEFINITION}: {applied.stderr.strip()}")
    for namespace in (_SYSTEM, _NAMESPACE):
        connection.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    connection.create(f"/api/v1/namespaces/{_NAMESPACE}/secrets", {
        "metadata": {"name": "urls"},
        "stringData": {"database": "postgres://shop:secret@db.example.com/shop", "redis": "redis://cache.example.com"}})


@contextmanager
def _operator(bench: Bench) -> Iterator[int]:
    """Its process id."""
    log = bench.logs / "bench-operator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*api_server.enter(), builds.OPERATOR, "run", "--no-metrics-api", "--pod-name=bench",
             f"--metrics-port={_METRICS_PORT}"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            env={**os.environ, "KUBECONFIG": str(bench.kubeconfig)})
    try:
        yield process.pid
        if process.poll() is not None:
            raise Failure(f"the operator ended with {process.returncode}; see {log}")
    finally:
        for how in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                process.send_signal(how)
                try:
                    process.wait(_END_SECONDS)
                except subprocess.TimeoutExpired:
                    pass


def _settle(connection: Connection, count: int) -> None:
    """Plays the controllers until every backend is Ready."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    done = 0
    with Bar(f"{count:,} ScalableBackends Ready", 3 * count) as bar:
        while True:
            jobs = _play(connection, _JOBS, "Complete", lambda _: done_job())
            deployments = _play(connection, _DEPLOYMENTS, "Available", lambda it: available_deployment(
                it["metadata"]["generation"], it["spec"].get("replicas", 1)))
            ready = sum(has_condition(each, "Ready") for each in _items(connection, _BACKENDS))
            bar.advance(jobs + deployments + ready - done)
            done = jobs + deployments + ready
            if ready == count:
                return
            if time.monotonic() > deadline:
                raise Failure(f"{ready} of {count} ScalableBackends were Ready after {_SETTLE_SECONDS:g} s")
            time.sleep(0.5)


def _play(connection: Connection, path: str, condition: str, status: Callable[[Object], Object]) -> int:
    """Reports everything there that lacks the condition; how many have it by now."""
    things = _items(connection, path)
    for thing in things:
        if not has_condition(thing, condition):
            connection.merge(f"{path}/{thing['metadata']['name']}/status", {"status": status(thing)})
    return len(things)


def _items(connection: Connection, path: str) -> list[Object]:
    return json.loads(connection.call("GET", f"{path}?resourceVersion=0"))["items"]


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
