"""The use of one container as a metric: read from metrics.k8s.io by the engine Direct, and by the HPA controller itself."""

from harness.backend import autoscaling
from harness.counts import until_count, until_told


def on_memory(engine: str, target: str) -> dict:
    """Memory, because even an API without requests uses some."""
    return autoscaling(1, least=2, most=3, engine=engine, metrics=[
        {"type": "ContainerResource", "resource": "memory", "container": "api", "target": {"averageValue": target}}])


def test_the_use_of_one_container(backend, kube):
    backend.apply(api={"replicas": None, "autoscaling": on_memory("Direct", "1Gi")}).until_ready()
    # New pods have no reading for some seconds: that is waited for, and then it is evidence.
    backend.until_condition("ScalingActive", "True", 120)
    until_count(kube, backend, 2, 1)
    backend.apply(api={"autoscaling": on_memory("Direct", "1Mi")})
    until_count(kube, backend, 3)
    # The status of the two pods may name the metric, too.
    told = until_told(kube, backend, lambda status: status.get("desired") == 3, "the count that it wants")
    assert told["metric"] == "api/memory" and told["rule"] in ("MaxReplicas", "Metric"), told

    backend.apply(api={"autoscaling": on_memory("HPA", "1Gi")})
    hpa = kube.until("HorizontalPodAutoscaler", backend.namespace, lambda found: found and found[0], 90, "an HPA",
                     name="todo-api")
    assert hpa["spec"]["metrics"] == [{"type": "ContainerResource", "containerResource": {
        "name": "memory", "container": "api", "target": {"type": "AverageValue", "averageValue": "1Gi"}}}], hpa["spec"]
    backend.until_condition("ScalingActive", "True", 150)
