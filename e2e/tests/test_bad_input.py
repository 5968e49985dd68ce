"""What a user gets wrong shows in a condition that names the object and the fix, and what ran keeps running."""

from harness.backend import autoscaling, conditions


def test_a_query_that_prometheus_rejects(backend):
    """A typo in PromQL must not look like "no load"."""
    backend.apply(api={"replicas": None, "autoscaling": autoscaling(50)}).until_ready().until_answers()
    bad = autoscaling(50)
    bad["metrics"][0]["query"] = 'sum(rate(http_requests_total{namespace="$(namespace)"}[30s])'
    backend.apply(api={"autoscaling": bad})
    condition = backend.until_condition("ScalingActive", "False", 120, reason="QueryFailed", names=("requests-per-pod",))
    assert "parse error" in condition["message"] or "unclosed" in condition["message"], condition
    backend.assert_serves(3)


def test_an_image_that_does_not_pull(backend):
    """A typo in a tag is the most common bad release."""
    backend.apply().until_ready().until_answers()
    before = api_pods(backend)
    backend.apply(image="localhost/no-such-image:v9")
    backend.until(lambda thing: any(c["reason"] == "ImagePullFailed" and "localhost/no-such-image:v9" in c["message"]
                                    and "todo-" in c["message"] for c in conditions(thing).values()),
                  120, "a condition names the image")
    backend.assert_serves(5)
    assert before <= api_pods(backend), "pods that served are gone"
    backend.apply(image=None).until_ready()


def test_a_storage_class_that_does_not_exist(backend):
    """The claim waits for ever, and nothing but this condition says why."""
    backend.apply(database={"postgres": {"storage": {"storageClassName": "no-such-class"}}})
    backend.until_condition("DatabaseReady", "False", 60, reason="StorageClassMissing",
                            names=("no-such-class", "data-todo-postgres-0"))
    assert conditions(backend.object())["Ready"]["status"] == "False"


def test_a_migration_that_fails(backend):
    """Code that meets a schema it does not know answers 500: the old pods must stay until the migration is through."""
    backend.apply().until_ready().until_answers()
    before = api_pods(backend)
    backend.apply(migrations={"command": ["todo", "no-such-command"], "backoffLimit": 0},
                  api={"env": [{"name": "RELEASE", "value": "2"}]})
    backend.until_condition("MigrationSucceeded", "False", 120, reason="MigrationFailed", names=("todo-migrate-",))
    stalled = conditions(backend.object()).get("Stalled")
    assert stalled and stalled["status"] == "True", stalled
    backend.assert_serves(5)
    assert api_pods(backend) == before, "the rollout did not wait for the migration"
    backend.apply(migrations=None, api={"env": None}).until_ready()


def test_more_connections_than_the_database_has(backend):
    """Found out at the highest load otherwise, as refused connections."""
    backend.apply(api={"replicas": 40}, database={"postgres": {"parameters": {"max_connections": "20"}}})
    condition = backend.until_condition("Stalled", "True", 60)
    assert "max_connections" in condition["message"] and "20" in condition["message"], condition


def api_pods(backend):
    return {pod["metadata"]["name"] for pod in backend.pods("api") if "deletionTimestamp" not in pod["metadata"]
            and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions") or [])}
