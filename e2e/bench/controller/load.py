"""Fills the cluster with the scenario's objects."""

import json
import time

from bench.controller import objects
from bench.controller.api_server import Connection
from bench.controller.parallel import Work, for_all
from bench.controller.scenario import FOREIGN_NAMESPACE, GROUP, NAMESPACE, OWN_SECRETS, Scenario
from harness.wait import until

_WIDGETS = f"/apis/{GROUP}/v1/namespaces/{NAMESPACE}/widgets"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_SAMPLE = 200  # objects that say how large one is


def widgets_and_secrets(scenario: Scenario) -> None:
    with Connection() as connection:
        for namespace in (NAMESPACE, FOREIGN_NAMESPACE):
            connection.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        # Controllers would make it in a moment; pods are refused without.
        connection.create(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": "default"}})
        connection.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", objects.widget_definition())
        until(lambda: _is_served(connection), 30, "the Widgets' API served")
        for index in range(OWN_SECRETS):
            connection.create(f"/api/v1/namespaces/{NAMESPACE}/secrets", objects.own_secret(index))

    def widget(connection: Connection, index: int) -> None:
        connection.create(_WIDGETS, objects.widget(index))
        connection.merge(f"{_WIDGETS}/{objects.widget_name(index)}/status", {"status": {"ready": 0}})

    def secret(connection: Connection, index: int) -> None:
        connection.create(f"/api/v1/namespaces/{FOREIGN_NAMESPACE}/secrets", objects.foreign_secret(index))

    for_all(f"{scenario.widgets:,} Widgets", scenario.widgets, widget)
    for_all(f"{scenario.secrets:,} foreign Secrets", scenario.secrets, secret)


def pods(scenario: Scenario) -> None:
    """All pods with their status, and Widgets that already say how many are ready: nothing to write for a manager."""

    def pod(connection: Connection, index: int) -> None:
        connection.create(f"{_PODS}?fieldManager=kube-controller-manager", objects.pod(index))
        connection.merge(f"{_PODS}/{objects.pod_name(index)}/status?fieldManager=kubelet",
                         {"status": objects.pod_status(index)})

    def settle(connection: Connection, index: int) -> None:
        connection.merge(f"{_WIDGETS}/{objects.widget_name(index)}/status",
                         {"status": {"ready": objects.ready_pods(index)}})

    for_all(f"{scenario.pods:,} pods", scenario.pods, pod)
    for_all(f"{scenario.widgets:,} Widgets settled", scenario.widgets, settle)


def touch_pod(text: str) -> Work:
    """A change of one pod's status that does not change whether it is ready."""
    since = time.time()  # else the next round would write what is there already, which is no change

    def touch(connection: Connection, index: int) -> None:
        connection.merge(f"{_PODS}/{objects.pod_name(index)}/status?fieldManager=kubelet",
                         {"status": {"message": f"{text} since {since}"}})

    return touch


def write_something_else(connection: Connection) -> None:
    """Moves the cluster's version on, past that of every pod."""
    connection.create(f"/api/v1/namespaces/{NAMESPACE}/configmaps", {"metadata": {"generateName": "tick-"}})


def mean_pod_bytes(connection: Connection) -> float:
    """Of one pod in a list, as JSON."""
    answer = connection.call("GET", f"{_PODS}?limit={_SAMPLE}")
    return len(answer) / len(json.loads(answer)["items"])


def mean_secret_bytes(connection: Connection) -> float:
    answer = connection.call("GET", f"/api/v1/namespaces/{FOREIGN_NAMESPACE}/secrets?limit={_SAMPLE}")
    return len(answer) / len(json.loads(answer)["items"])


def _is_served(connection: Connection) -> bool:
    served = json.loads(connection.call("GET", "/apis"))["groups"]
    return any(group["name"] == GROUP for group in served)
