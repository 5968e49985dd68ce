"""The engine Direct on a real cluster: KEDA's acceptance numbers, without an HPA object and without the metrics API's slot."""

import time

from harness.backend import autoscaling
from harness.counts import assert_unchanged, until_count, until_told


def direct(query: str, target: dict, least: int = 1, most: int = 10, **more):
    """Scales on a query that is a plain number, so that the count is known beforehand."""
    return autoscaling(1, least=least, most=most, **{
        "engine": "Direct",
        "metrics": [{"type": "Prometheus", "name": "given", "query": query, "target": target}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 4,
                                   "policies": [{"type": "Percent", "value": 100, "periodSeconds": 2}]},
                     "scaleUp": {"policies": [{"type": "Pods", "value": 20, "periodSeconds": 2}]}},
        **more})


def scale(backend, spec):
    return backend.apply(api={"replicas": None, "autoscaling": spec})


def test_average_value_and_value(backend, kube):
    """8 with a target of 2 is 4 pods, or as many as are allowed if the value itself has to come down."""
    scale(backend, direct("vector(8)", {"averageValue": "2"})).until_ready()
    until_count(kube, backend, 4)
    assert kube.get("HorizontalPodAutoscaler", backend.namespace, "todo-api") is None
    told = until_told(kube, backend, lambda status: status.get("desired") == 4, "the count that it wants")
    assert told["engine"] == "Direct", told
    assert "target 2 per pod" in told["reason"], told
    scale(backend, direct("vector(8)", {"value": "2"}, most=6))
    until_count(kube, backend, 6)


def test_activation_cooldown_and_zero(backend, kube):
    """A workload that nobody uses costs nothing, and is there again when somebody does."""
    zero = {"least": 0, "most": 4, "cooldown": "10s"}
    metric = {"type": "Prometheus", "name": "given", "target": {"averageValue": "5"}, "activation": "2"}
    scale(backend, direct("vector(10)", {"averageValue": "5"}, **zero)).until_ready()
    until_count(kube, backend, 2)
    # At the activation is not above it.
    scale(backend, direct("", {}, **zero, metrics=[metric | {"query": "vector(2)"}]))
    until_count(kube, backend, 0)
    assert_unchanged(kube, backend, 0, 10)
    scale(backend, direct("", {}, **zero, metrics=[metric | {"query": "vector(3)"}]))
    until_count(kube, backend, 1)


def test_fallback_comes_and_goes(backend, kube):
    """5 pods, the metric gone, 3 by the fallback, the metric back, 5 again."""
    after = 15
    fallback = {"fallback": {"after": f"{after}s", "replicas": 3}, "most": 5}
    scale(backend, direct("vector(50)", {"averageValue": "10"}, **fallback)).until_ready()
    until_count(kube, backend, 5)
    began = time.monotonic()
    scale(backend, direct("vector(50) < 0", {"averageValue": "10"}, **fallback))
    until_count(kube, backend, 3, held=5)
    assert time.monotonic() - began >= after   # a slow machine only makes it longer
    until_told(kube, backend, lambda status: status.get("rule") == "Fallback", "the fallback")
    scale(backend, direct("vector(50)", {"averageValue": "10"}, **fallback))
    until_count(kube, backend, 5)


def test_pause_engines_and_off_move_nothing(backend, kube):
    """Whoever turns a knob of the autoscaler does not mean to restart half of the pods."""
    scale(backend, direct("vector(40)", {"averageValue": "10"})).until_ready()
    until_count(kube, backend, 4)
    scale(backend, direct("vector(90)", {"averageValue": "10"}, paused=True))
    assert_unchanged(kube, backend, 4, 15)
    scale(backend, direct("vector(40)", {"averageValue": "10"}, engine="HPA"))
    assert_unchanged(kube, backend, 4, 30)
    backend.apply(api={"autoscaling": None})
    assert_unchanged(kube, backend, 4, 15)
    scale(backend, direct("vector(40)", {"averageValue": "10"}))
    assert_unchanged(kube, backend, 4, 15)


def test_bounds_change_while_it_runs(backend, kube):
    scale(backend, direct("vector(40)", {"averageValue": "10"})).until_ready()
    until_count(kube, backend, 4)
    scale(backend, direct("vector(40)", {"averageValue": "10"}, most=3))
    until_count(kube, backend, 3)
    scale(backend, direct("vector(40)", {"averageValue": "10"}, least=6))
    until_count(kube, backend, 6)
