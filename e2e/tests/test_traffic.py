"""2,000 requests a second while pods come and go: releases, scale-ins and drained nodes cost nobody an answer."""

import time

import pytest

from harness.k6 import Phase

_RATE = 2000
_LOOKS_S = 2.0   # from one reading of the count of requests to the next, at most


@pytest.fixture
def busy(backend, load):
    """A backend of four API pods under load; `change` happens meanwhile, and no request may fail."""
    backend.apply(api={"replicas": 4, "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}}}).until_ready()

    def during(seconds, change):
        run = load(backend, [Phase("busy", _RATE, seconds)])
        began = time.monotonic()
        change()
        ended = time.monotonic()
        summary = run.assert_no_failed_request()
        # Load that could not be sent, or was over, would have met no pod that was leaving.
        assert ended < run.timeline.phases["busy"] + seconds, "the change outlived the load"
        sent = _requests_until(run, ended) - _requests_until(run, began)
        assert sent >= 0.25 * _RATE * (ended - began - _LOOKS_S), f"{sent} in {ended - began:.1f} s: a machine too slow"
        return summary

    during.backend = backend
    return during


def test_a_rolling_update_under_heavy_load_fails_no_request(busy, kube, figure):
    def release():
        busy.backend.apply(api={"env": [{"name": "RELEASE", "value": "2"}]})
        kube.until("Deployment", busy.backend.namespace,
                   lambda found: "RELEASE" in str(found[0]["spec"]["template"]) and _settled(found[0]), 90,
                   "every pod has the new environment", name="todo-api")

    figure("rolling_update_requests", busy(90, release)["requests"])


def test_a_scale_in_under_heavy_load_fails_no_request(busy, kube, figure):
    def scale_in():
        busy.backend.apply(api={"replicas": 1})
        kube.until("Deployment", busy.backend.namespace, lambda found: found[0]["status"].get("replicas") == 1, 60,
                   "one pod is left", name="todo-api")

    figure("scale_in_requests", busy(60, scale_in)["requests"])


def test_a_node_drain_under_heavy_load_fails_no_request(busy, kube, cluster, figure):
    drained = []

    def drain():
        # Not the node of the only database: that one cannot move without an outage. Four API pods are spread over the
        # nodes, so another has some. Best one with Redis, which is a cache: it may go along. The load stays.
        kept = {pod["spec"]["nodeName"] for pod in busy.backend.pods("postgres")}
        assert len(kept) == 1, kept
        candidates = {pod["spec"]["nodeName"] for pod in busy.backend.pods("api")} - kept
        assert candidates, f"every API pod is beside the database, on {kept}"
        redis = {pod["spec"]["nodeName"] for pod in busy.backend.pods("redis")}
        drained.append(min(candidates & redis or candidates))
        cluster.kubectl("drain", drained[0], "--ignore-daemonsets", "--delete-emptydir-data",
                        f"--pod-selector=scalablebackend.io/name={busy.backend.name}", "--timeout=60s", seconds=90)
        kube.until("Pod", busy.backend.namespace,
                   lambda found: not any(pod["spec"].get("nodeName") == drained[0] for pod in found if _is_api(pod)), 60,
                   "no API pod is left on the node")

    try:
        figure("drain_requests", busy(60, drain)["requests"])
    finally:
        for node in drained:
            cluster.kubectl("uncordon", node)


def _requests_until(run, at):
    return max((sample.requests for sample in run.timeline.samples if sample.at <= at), default=0)


def _is_api(pod):
    return pod["metadata"].get("labels", {}).get("scalablebackend.io/component") == "api"


def _settled(deployment):
    status, spec = deployment["status"], deployment["spec"]
    return (status.get("observedGeneration") == deployment["metadata"]["generation"]
            and status.get("updatedReplicas") == spec["replicas"] == status.get("replicas")
            and status.get("availableReplicas") == spec["replicas"])
