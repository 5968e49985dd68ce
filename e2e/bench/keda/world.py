"""What a side lives in: a fresh control plane, made-up nodes, the load and its Prometheus."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.controller import api_server, memory
from bench.controller.api_server import Connection
from bench.keda import objects
from bench.keda.load import Load
from bench.keda.process import Process
from bench.keda.prometheus import Prometheus
from bench.keda.scenario import NAMESPACE, Scenario
from cluster import cgroups, components, control_plane, paths
from harness.cluster import LAUNCHER
from harness.steps import Steps, say
from harness.wait import until

_UP_SECONDS = 600.0
_DOWN_SECONDS = 120.0


@dataclass(frozen=True)
class World:
    load: Load
    prometheus: Prometheus
    kubeconfig: Path


@contextmanager
def fresh(scenario: Scenario, logs: Path, keep: bool) -> Iterator[World]:
    """Neither side sees what the other has left."""
    with Steps(logs) as steps:
        steps.run("control plane", [LAUNCHER, "up", "--nodes", "0"], _UP_SECONDS)
        try:
            kubeconfig = paths.STATE / "bench-kubeconfig"
            api_server.write_kubeconfig(kubeconfig)
            with Connection() as connection:
                connection.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
                for index in range(scenario.nodes):
                    connection.create("/api/v1/nodes", objects.node(index))
            kwok = [components.KWOK.stored(), f"--kubeconfig={kubeconfig}", "--manage-all-nodes=true",
                    "--node-lease-duration-seconds=40", "--cidr=10.200.0.1/16", "--config=/dev/null"]
            with Process("kwok", kwok, logs), Load(scenario.objects) as load, \
                    Prometheus.run(load.port, paths.STATE / "bench-prometheus", logs) as prometheus:
                until(_nodes_are_ready, 60, "the made-up nodes Ready")
                yield World(load, prometheus, kubeconfig)
        finally:
            if keep:
                say(f"the control plane stays up; {LAUNCHER} down ends it")
            else:
                steps.run("control plane down", [LAUNCHER, "down"], _DOWN_SECONDS)


def cpu_seconds(component: str) -> float:
    """That a component of the control plane has used since its start."""
    return sum(memory.cpu_seconds(pid) for pid in cgroups.processes(f"{control_plane.GROUP}/{component}"))


def _nodes_are_ready() -> bool:
    with Connection() as connection:
        nodes = json.loads(connection.call("GET", "/api/v1/nodes"))["items"]
    return all(any(each["type"] == "Ready" and each["status"] == "True"
                   for each in node.get("status", {}).get("conditions", [])) for node in nodes)
