"""Pods that are there before the load of every day: with both engines, told in the status, and settled at once."""

import time

import pytest

from prometheus_faults.stand_ins import StandIns

_NOW, _PAST = 40.0, 74.0   # four pods, and seven: 74 is within the tolerance of seven
_SETTLED_SECONDS = 30.0


@pytest.fixture
def prometheus(cluster):
    if not cluster.local:
        pytest.skip("the stand-in for Prometheus runs in a node's network: our own cluster only")
    with StandIns() as stand_ins:
        yield stand_ins


def _spec(server: str, anticipation: dict | None) -> dict:
    def workload(engine: str) -> dict:
        scaling = {"engine": engine, "minReplicas": 2, "maxReplicas": 20,
                   "metrics": [{"type": "Prometheus", "name": "load", "query": "sum(load)",
                                "target": {"averageValue": "10"}}],
                   "behavior": {"scaleDown": {"stabilizationWindowSeconds": 5}}}
        return {"autoscaling": scaling | ({"anticipation": anticipation} if anticipation is not None else {}),
                "nodeSelector": {"example.com/no-such-node": "true"}}   # the counts are what it is about

    external = {"external": {"secretRef": {"name": "elsewhere", "key": "url"}}}
    return {"api": workload("HPA"),
            "workers": [{"name": "direct", "command": ["todo", "worker"], **workload("Direct")}],
            "database": external, "cache": external, "migrations": {"enabled": False},
            "monitoring": {"prometheus": {"url": server}}}


def test_the_past_raises_and_never_lowers(kube, namespace, prometheus):
    """A guess that costs pods is a setting; one that takes pods away, or writes all the time, is an incident."""
    prometheus.turn(faulty=False, value=_NOW, past=_PAST)
    kube.create("Secret", namespace, {"metadata": {"name": "elsewhere"}, "stringData": {"url": "postgresql://a@b/c"}})

    def apply(anticipation: dict | None) -> None:
        kube.apply("ScalableBackend", namespace, {
            "metadata": {"name": "todo"}, "spec": _spec(prometheus.server("empty"), anticipation)})

    def until_counts(count: int) -> None:
        kube.until("Deployment", namespace, lambda found: sorted(
            (thing["metadata"]["name"], thing["spec"].get("replicas")) for thing in found) == [
                ("todo-api", count), ("todo-worker-direct", count)], 120, f"{count} pods each")

    apply({"history": "5d"})
    until_counts(7)
    told = kube.until("ScalableBackend", namespace, lambda found: _anticipates(found[0], 7), 90, "told by the status",
                      name="todo")
    assert "minReplicas raised from 2 to 7 by anticipation: on 5 of the last 5 days load" in told["api"]["reason"]
    assert "by anticipation: on 5 of the last 5 days load asked for that many between" in told["workers"][0]["reason"]
    hpa = kube.get("HorizontalPodAutoscaler", namespace, "todo-api")
    assert (hpa["spec"]["minReplicas"], hpa["spec"]["maxReplicas"]) == (7, 20), hpa["spec"]

    # Settled: nothing is written, although time goes on.
    time.sleep(_SETTLED_SECONDS)
    assert kube.get("ScalableBackend", namespace, "todo")["status"]["autoscaling"] == told
    assert kube.get("HorizontalPodAutoscaler", namespace, "todo-api")["spec"] == hpa["spec"]

    prometheus.turn(faulty=False, value=90.0, past=_PAST)   # more than ever
    until_counts(9)
    prometheus.turn(faulty=False, value=_NOW, past=_PAST)
    until_counts(7)
    apply(None)
    until_counts(4)


def _anticipates(backend: dict, count: int) -> dict | None:
    """What the status says once it says it of counts that have been reached: before, `current` is still to change."""
    told = backend["status"].get("autoscaling", {})
    entries = [told.get("api", {}), *told.get("workers", [])]
    settled = all((entry.get("rule"), entry.get("desired"), entry.get("current")) == ("Anticipation", count, count)
                  for entry in entries)
    return told if len(entries) == 2 and settled else None
