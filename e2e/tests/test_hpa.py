"""The engine HPA on a real cluster: KEDA's acceptance numbers, by the stock controller and our metrics."""

import pytest

from harness import operator_pods
from harness.backend import Backend, autoscaling, small_spec
from harness.counts import assert_unchanged, until_count

# Two rounds of the stock controller, and pods that start meanwhile, take 60 s where nothing else runs.
ROUNDS_SECONDS = 150


def hpa(query: str, target: dict, least: int = 1, most: int = 10, **more):
    """Scales on a query that is a plain number, so that the count is known beforehand."""
    return autoscaling(1, least=least, most=most, **{
        "engine": "HPA",
        "metrics": [{"type": "Prometheus", "name": "given", "query": query, "target": target}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0, "policies": None}},
        **more})


def scale(backend, spec):
    return backend.apply(api={"replicas": None, "autoscaling": spec})


def test_hpa_average_value_and_value(backend, kube):
    """8 with a target of 2 is 4 pods, or as many as are allowed if the value itself has to come down."""
    scale(backend, hpa("vector(8)", {"averageValue": "2"})).until_ready()
    until_count(kube, backend, 4, ROUNDS_SECONDS)
    backend.until_condition("ScalingActive", "True", ROUNDS_SECONDS)
    assert_unchanged(kube, backend, 4, 20)
    scale(backend, hpa("vector(8)", {"value": "2"}, most=6))
    until_count(kube, backend, 6, ROUNDS_SECONDS)


def test_hpa_bounds_change_while_it_runs(backend, kube):
    scale(backend, hpa("vector(40)", {"averageValue": "10"})).until_ready()
    until_count(kube, backend, 4, ROUNDS_SECONDS)
    scale(backend, hpa("vector(40)", {"averageValue": "10"}, most=3))
    until_count(kube, backend, 3, ROUNDS_SECONDS)
    scale(backend, hpa("vector(40)", {"averageValue": "10"}, least=6))
    until_count(kube, backend, 6, ROUNDS_SECONDS)


def test_hpa_fallback_comes_and_goes(backend, kube):
    """5 pods, the metric gone, 3 by the fallback, the metric back, 5 again."""
    fallback = {"fallback": {"after": "15s", "replicas": 3}, "most": 5}
    scale(backend, hpa("vector(50)", {"averageValue": "10"}, **fallback)).until_ready()
    until_count(kube, backend, 5, ROUNDS_SECONDS)
    scale(backend, hpa("vector(50) < 0", {"averageValue": "10"}, **fallback))
    until_count(kube, backend, 3, ROUNDS_SECONDS)
    scale(backend, hpa("vector(50)", {"averageValue": "10"}, **fallback))
    until_count(kube, backend, 5, ROUNDS_SECONDS)


def test_hpa_a_broken_backend_disturbs_no_other(backend, kube, api):
    """A mistyped query is its owner's trouble alone."""
    broken = Backend(kube, api, backend.namespace, small_spec(), name="broken")
    broken.apply(api={"replicas": None, "autoscaling": hpa("sum(", {"averageValue": "10"}, least=2)})
    scale(backend, hpa("vector(40)", {"averageValue": "10"})).until_ready()
    until_count(kube, backend, 4, ROUNDS_SECONDS)
    broken.until_condition("ScalingActive", "False", ROUNDS_SECONDS, reason="QueryFailed", names=("given",))
    backend.until_condition("ScalingActive", "True", ROUNDS_SECONDS)
    scale(backend, hpa("vector(60)", {"averageValue": "10"}))
    until_count(kube, backend, 6, ROUNDS_SECONDS)
    assert kube.get("Deployment", backend.namespace, "broken-api")["spec"]["replicas"] == 2


@pytest.mark.last
def test_hpa_operator_killed_while_scaling(backend, kube):
    """The metrics come from the operator: without it the count holds, and it goes on as soon as one is back."""
    scale(backend, hpa("vector(20)", {"averageValue": "10"})).until_ready()
    until_count(kube, backend, 2, ROUNDS_SECONDS)
    scale(backend, hpa("vector(50)", {"averageValue": "10"}))
    operator_pods.kill_all(kube)
    operator_pods.until_running(kube)
    until_count(kube, backend, 5, ROUNDS_SECONDS)
    operator_pods.until_all_ready(kube)
    assert_unchanged(kube, backend, 5, 20)
