"""Deleting the resource and getting everything back: an accident that must not cost a user's data."""


def test_data_outlives_the_resource(backend, kube):
    """`kubectl delete -f` in the wrong window, or a prune by a GitOps tool."""
    backend.apply().until_ready().until_answers()
    user = backend.make_user("kept")
    before = backend.children()
    backend.delete()
    kube.gone("ScalableBackend", backend.namespace, backend.name, 90)
    for kind in ("Deployment", "StatefulSet", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler", "Job", "Pod"):
        kube.until(kind, backend.namespace, lambda found: not found, 150, f"no {kind} is left", selector=backend.selector)
    kept = backend.children()
    assert set(kept) == {"Secret/todo-credentials", "PersistentVolumeClaim/data-todo-postgres-0",
                         "PersistentVolumeClaim/data-todo-redis-0"}
    assert all(kept[name]["metadata"]["uid"] == before[name]["metadata"]["uid"] for name in kept)
    backend.apply().until_ready().until_answers()
    assert backend.ask(f"/users/{user}")[1]["data"] == "kept"
