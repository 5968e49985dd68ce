"""The autoscaler at work under load, and what happens to requests meanwhile."""

from harness.backend import autoscaling
from harness.k6 import Phase


def scaled(backend, load_target=30, **more):
    backend.apply(api={"replicas": None, "autoscaling": autoscaling(load_target, **more)}).until_ready()
    backend.until_condition("ScalingActive", "True", 150)
    return backend


def test_scales_out_and_in_without_a_failed_request(backend, load, figure):
    """Load that outruns the pods is slow answers; pods that leave badly are failed ones."""
    scaled(backend)
    run = load(backend, [Phase("base", 30, 25), Phase("rise", 140, 90), Phase("fall", 10, 120)])
    summary = run.assert_no_failed_request()
    out, back = run.timeline.scale_out_s("rise"), run.timeline.scale_in_s("fall")
    assert out is not None and back is not None, run.timeline.samples[-1]
    figure("scale_out_s", out)
    figure("scale_in_s", back)
    figure("scaling_requests", summary["requests"])
    assert run.timeline.max_ready() > 2
    # While it was needed. (The bound is 30 s, which the figure is for.)
    assert out < run.timeline.phases["fall"] - run.timeline.phases["rise"]


def test_rolling_update_under_load_fails_no_request(backend, load, kube):
    """Every release of the user's own software is a rolling update."""
    backend.apply().until_ready()
    run = load(backend, [Phase("steady", 100, 60)])
    backend.apply(api={"env": [{"name": "RELEASE", "value": "2"}]})
    kube.until("Deployment", backend.namespace,
               lambda found: _rolled_out(found[0]) and "RELEASE" in str(found[0]["spec"]["template"]), 90,
               "every pod has the new environment", name="todo-api")
    run.assert_no_failed_request()


def test_a_hand_on_the_replicas_is_not_fought(backend, kube, cluster):
    """Two controllers that each put back the other's number flap for ever."""
    # An HPA that scales in would put the count back at its next look, which may be at once.
    scaled(backend, behavior={"scaleDown": {"selectPolicy": "Disabled"}})
    cluster.kubectl("-n", backend.namespace, "scale", "deployment", "todo-api", "--replicas=4")
    deployment = kube.get("Deployment", backend.namespace, "todo-api")
    assert deployment["spec"]["replicas"] == 4
    owners = [entry["manager"] for entry in deployment["metadata"]["managedFields"]
              if "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})]
    assert "scalablebackend-operator" not in owners, owners
    # A change that the operator does apply leaves the number alone.
    backend.apply(api={"podAnnotations": {"example.com/note": "2"}})
    kube.until("Deployment", backend.namespace,
               lambda found: "example.com/note" in found[0]["spec"]["template"]["metadata"].get("annotations", {}), 90,
               "the change is applied", name="todo-api")
    assert kube.get("Deployment", backend.namespace, "todo-api")["spec"]["replicas"] == 4


def _rolled_out(deployment):
    status, spec = deployment["status"], deployment["spec"]
    return (status.get("observedGeneration") == deployment["metadata"]["generation"]
            and status.get("updatedReplicas") == spec["replicas"] == status.get("replicas")
            and status.get("availableReplicas") == spec["replicas"])
