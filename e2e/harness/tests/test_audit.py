import json

from harness import audit


def event(verb, resource, code=200, user=audit.OPERATOR, stage="ResponseComplete", decision="allow", pod="", uri="",
          **about):
    extra = {"authentication.kubernetes.io/pod-name": [pod]} if pod else {}
    return json.dumps({"stage": stage, "verb": verb, "user": {"username": user, "extra": extra}, "requestURI": uri,
                       "objectRef": {"resource": resource, **about}, "responseStatus": {"code": code},
                       "annotations": {"authorization.k8s.io/decision": decision}})


def test_counts_what_changes_objects_and_nothing_else():
    lines = [
        event("get", "pods"),
        event("watch", "deployments"),
        event("update", "leases", name="scalablebackend-operator"),
        event("create", "tokenreviews", code=201),
        event("create", "subjectaccessreviews", code=201),
        event("patch", "scalablebackends", subresource="status", namespace="default", name="todo"),
        event("create", "events", code=201),
        event("patch", "deployments", user="system:serviceaccount:kube-system:deployment-controller"),
        event("patch", "services", stage="RequestReceived"),
    ]
    writes = audit.writes(audit.parse(lines, audit.OPERATOR))
    assert [str(write) for write in writes] == [
        "patch scalablebackends/status default/todo -> 200", "create events / -> 201"]


def test_finds_what_rbac_refused():
    lines = [event("list", "pods", code=403, decision="forbid"), event("list", "services"),
             event("create", "events", code=403)]   # admission: its namespace is going away
    assert [request.resource for request in audit.refused(audit.parse(lines, audit.OPERATOR))] == ["pods"]


def test_a_cut_line_hides_no_other(tmp_path):
    log = tmp_path / "audit.log"
    before = event("patch", "services") + "\n"
    log.write_text(before + event("patch", "deployments") + "\n" + event("patch", "pods")[:-9])
    assert [r.resource for r in audit.read(log, audit.OPERATOR)] == ["services", "deployments"]
    assert [r.resource for r in audit.read(log, audit.OPERATOR, offset=len(before))] == ["deployments"]


WATCH = "/api/v1/namespaces/kube-system/configmaps?watch=true&fieldSelector=metadata.name%3Da&timeoutSeconds=200"


def needless(*lines, seconds=60):
    return audit.needless(audit.parse(lines, audit.OPERATOR), seconds)


def test_what_the_protocol_demands_is_not_needless():
    lines = [event("watch", kind, pod=pod) for kind in ("pods", "services") for pod in ("one", "two")]
    # Two watches of one kind with different selectors are two watches.
    lines += [event("watch", "configmaps", pod="one", uri=WATCH), event("watch", "configmaps", pod="one")]
    lines += [event("update", "leases", pod="one", name="operator") for _ in range(31)]
    lines += [event("get", "leases", pod="two", name="operator") for _ in range(31)]
    lines += [event("create", "subjectaccessreviews", code=201, pod="one")] * 5
    assert needless(*lines) == []
    assert audit.questions(audit.parse(lines, audit.OPERATOR)) == 5


def test_every_other_read_is_needless():
    assert needless(event("get", "secrets", pod="one", namespace="ns", name="tls"),
                    event("list", "pods", pod="one")) == ["one: get secrets ns/tls -> 200", "one: list pods / -> 200"]


def test_a_watch_that_is_opened_too_often_is_needless():
    twice = [event("watch", "configmaps", pod="one", namespace="kube-system", uri=WATCH)] * 2
    assert needless(*twice) == [
        "one: watch configmaps in kube-system [metadata.name=a]: 2 times in 60 s, 1 are enough"]
    assert needless(*twice, seconds=200) == []


def test_a_lease_that_is_read_too_often_or_by_its_holder_is_needless():
    assert len(needless(*[event("get", "leases", pod="two", name="operator")] * 60)) == 1
    held = [event("update", "leases", pod="one", name="operator"), event("get", "leases", pod="one", name="operator")]
    assert needless(*held) == ["one: get operator: 1 times, though it leads and knows the Lease"]
