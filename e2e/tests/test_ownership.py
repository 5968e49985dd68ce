"""Who may change what: the operator keeps its own objects as they should be, and leaves everybody else's alone."""

import pytest

from harness.backend import Backend, conditions, small_spec
from harness.namespaces import fresh_namespace


@pytest.fixture(scope="module")
def standing(kube, api, operator):
    """One backend that several tests damage and see repaired."""
    with fresh_namespace(kube, "standing") as namespace:
        yield Backend(kube, api, namespace, small_spec()).apply().until_ready()


def test_paused_means_hands_off(backend, kube):
    """Somebody repairs by hand at three in the morning; the operator must not undo it."""
    backend.apply().until_ready()
    backend.apply(paused=True).until_condition("Paused", "True", 60)
    before = kube.get("Deployment", backend.namespace, "todo-api")
    kube.patch("Service", backend.namespace, "todo-api", {"spec": {"publishNotReadyAddresses": True}})
    backend.apply(api={"env": [{"name": "RELEASE", "value": "2"}]}).until_condition("Paused", "True", 60)
    assert kube.get("Deployment", backend.namespace, "todo-api")["spec"] == before["spec"]
    assert kube.get("Service", backend.namespace, "todo-api")["spec"].get("publishNotReadyAddresses") is True
    backend.apply(paused=None)
    kube.until("Deployment", backend.namespace, lambda found: "RELEASE" in str(found[0]["spec"]["template"]), 60,
               "the change is applied after the pause", name="todo-api")
    backend.until_ready()
    assert "Paused" not in conditions(backend.object())


def test_an_object_of_somebody_else_is_left_alone(backend, kube):
    """A name that happens to be taken is no permission to overwrite."""
    theirs = {"metadata": {"name": "todo-api", "labels": {"app": "theirs"}},
              "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 1234}]}}
    made = kube.create("Service", backend.namespace, theirs)
    backend.apply()
    backend.until(lambda thing: any(c["reason"] == "NameTaken" and "todo-api" in c["message"]
                                    for c in conditions(thing).values()), 60, "a condition names the Service")
    now = kube.get("Service", backend.namespace, "todo-api")
    assert (now["metadata"]["uid"], now["spec"]) == (made["metadata"]["uid"], made["spec"])
    kube.delete("Service", backend.namespace, "todo-api")
    backend.until_ready()
    assert kube.get("Service", backend.namespace, "todo-api")["spec"]["ports"][0]["port"] == 80


@pytest.mark.parametrize(("kind", "name", "change", "undone"), [
    ("Service", "todo-api", {"spec": {"selector": {"scalablebackend.io/component": "nothing"}}},
     lambda thing: thing["spec"]["selector"]["scalablebackend.io/component"] == "api"),
    ("Deployment", "todo-api", {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 1}}}},
     lambda thing: thing["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > 1),
    ("PodDisruptionBudget", "todo-api", {"spec": {"selector": {"matchLabels": {"scalablebackend.io/component": "nothing"}}}},
     lambda thing: thing["spec"]["selector"]["matchLabels"]["scalablebackend.io/component"] == "api"),
    ("PodDisruptionBudget", "todo-api", {"metadata": {"labels": {"scalablebackend.io/name": "other"}}},
     lambda thing: thing["metadata"]["labels"]["scalablebackend.io/name"] == "todo"),
], ids=["service", "deployment", "budget", "labels"])
def test_drift_is_put_back(standing, kube, kind, name, change, undone):
    """An edit in the wrong window takes the backend off the network until somebody notices."""
    kube.patch(kind, standing.namespace, name, change)
    kube.until(kind, standing.namespace, lambda found: found and undone(found[0]), 60, f"{kind} {name} is put back", name=name)


@pytest.mark.parametrize(("kind", "name"), [
    ("Service", "todo-api"), ("Deployment", "todo-api"), ("StatefulSet", "todo-redis"), ("PodDisruptionBudget", "todo-api"),
])
def test_what_is_deleted_comes_back(standing, kube, kind, name):
    """The same, with `kubectl delete`."""
    before = kube.get(kind, standing.namespace, name)["metadata"]["uid"]
    kube.delete(kind, standing.namespace, name)
    kube.until(kind, standing.namespace, lambda found: found and found[0]["metadata"]["uid"] != before, 60,
               f"{kind} {name} is back", name=name)
    standing.until_ready()
