"""Metrics that are missing are no reason to scale: neither in nor out."""

import os

import pytest

from harness.backend import autoscaling
from harness.k6 import Phase

PROMETHEUS_NAMESPACE = os.environ.get("SB_PROMETHEUS_NAMESPACE", "monitoring")
PROMETHEUS = os.environ.get("SB_PROMETHEUS_DEPLOYMENT", "prometheus")


@pytest.fixture
def prometheus(kube):
    """Call with a number of replicas; whatever the test does, it runs again afterwards."""
    if kube.get("Deployment", PROMETHEUS_NAMESPACE, PROMETHEUS) is None:
        pytest.skip(f"no deployment {PROMETHEUS_NAMESPACE}/{PROMETHEUS} to stop")

    def scale(replicas):
        kube.patch("Deployment", PROMETHEUS_NAMESPACE, PROMETHEUS, {"spec": {"replicas": replicas}})
        kube.until("Deployment", PROMETHEUS_NAMESPACE,
                   lambda found: found[0]["status"].get("availableReplicas", 0) == replicas
                   and found[0]["status"].get("replicas", 0) == replicas, 120,
                   f"{replicas} replicas of Prometheus", name=PROMETHEUS)

    yield scale
    scale(1)


def test_replicas_hold_while_prometheus_is_away(backend, load, kube, prometheus):
    """An outage of the monitoring must not become an outage of the backend."""
    backend.apply(api={"replicas": None, "autoscaling": autoscaling(20)}).until_ready()
    # Long enough to scale out and to stop Prometheus in it, which takes a minute where nothing else runs.
    run = load(backend, [Phase("busy", 70, 210), Phase("idle", 5, 60)])
    kube.until("Deployment", backend.namespace, lambda found: found[0]["status"].get("readyReplicas", 0) >= 3, 150,
               "scaled out under load", name="todo-api")
    prometheus(0)
    assert "idle" not in run.timeline.phases, "too late: this machine took more than 200 s to scale out"
    condition = backend.until_condition("ScalingActive", ("False", "Unknown"), 90)
    assert "requests-per-pod" in condition["message"], condition   # which query
    assert len(condition["message"]) > len("requests-per-pod") + 20, condition   # and why
    held = kube.get("Deployment", backend.namespace, "todo-api")["spec"]["replicas"]
    assert held >= 3
    assert run.await_phase("idle", 300)   # the load falls, and nobody can know
    run.assert_no_failed_request()
    assert kube.get("Deployment", backend.namespace, "todo-api")["spec"]["replicas"] == held
    prometheus(1)
    backend.until_condition("ScalingActive", "True", 150)
    kube.until("Deployment", backend.namespace, lambda found: found[0]["spec"]["replicas"] < held, 150,
               "scales in now that the metric is back", name="todo-api")
