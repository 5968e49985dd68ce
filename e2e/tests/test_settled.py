"""Quiet when there is nothing to do, and never asking for what it may not have. Counted in the API server's audit log."""

import os
import time

import pytest

from harness import audit, operator_pods, release
from harness.namespaces import SELECTOR

_QUIET = 10.0
_WINDOW = float(os.environ.get("SB_SETTLED_SECONDS", "60"))


@pytest.fixture
def audit_log(cluster):
    if cluster.audit_log is None:
        pytest.skip("no audit log to read: set SB_AUDIT_LOG")
    return cluster.audit_log


@pytest.mark.last
def test_a_settled_backend_causes_no_write_and_no_needless_read(backend, kube, audit_log, figure):
    """Writes that change nothing wake every watcher in the cluster, fill etcd and hide the change that matters; reads that
    tell nothing new are work for the API server for as long as the operator is installed."""
    kube.until("Namespace", None, lambda found: all(n["metadata"]["name"] == backend.namespace for n in found), 240,
               "the other tests' namespaces are gone", selector=SELECTOR)
    # A replica that a test before has killed reads everything when it is back.
    operator_pods.until_all_ready(kube)
    backend.apply().until_ready()
    settle(audit_log)
    offset = audit_log.stat().st_size
    time.sleep(_WINDOW)   # the claim is about this stretch of time
    requests = audit.read(audit_log, audit.OPERATOR, offset)
    figure("settled_window_s", _WINDOW)
    figure("settled_requests", len(requests))
    writes = audit.writes(requests)
    assert not writes, f"{len(writes)} writes in {_WINDOW:g} s: {[str(write) for write in writes[:10]]}"
    figure("settled_questions", audit.questions(requests))
    needless = audit.needless(requests, _WINDOW)
    assert not needless, f"{len(needless)} needless reads in {_WINDOW:g} s: {needless[:20]}"
    verbs = {request.verb for request in requests if request.resource == "leases"}
    assert verbs == {"get", "update"}, f"the Lease: {verbs or 'nothing'}: were the leader and the other replica alive?"


@pytest.mark.last
def test_rbac_allows_all_that_the_operator_asks_for(cluster, audit_log, audit_start, operator):
    """A verb that is missing in the role shows up on the day it is needed."""
    refused = audit.refused(audit.read(audit_log, audit.OPERATOR, audit_start))
    assert not refused, sorted({str(request) for request in refused})
    log = cluster.kubectl("-n", release.NAMESPACE, "logs", f"deployment/{release.NAME}", "--tail=-1")
    assert "is forbidden: User" not in log


def settle(audit_log):
    """Until no write and no needless read has come for 10 s: Ready is followed by a last status and events, and a replica
    that has just become ready by its last reads."""
    deadline = time.monotonic() + 150
    while True:
        offset = audit_log.stat().st_size
        time.sleep(_QUIET)
        requests = audit.read(audit_log, audit.OPERATOR, offset)
        if not audit.writes(requests) and not audit.needless(requests, _QUIET):
            return
        assert time.monotonic() < deadline, f"the operator still asks 150 s after Ready: {audit.needless(requests, _QUIET)}"
