import json

from harness import audit


def event(verb, resource, code=200, user=audit.OPERATOR, stage="ResponseComplete", decision="allow", **about):
    return json.dumps({"stage": stage, "verb": verb, "user": {"username": user},
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
