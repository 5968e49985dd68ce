import pytest

from harness import k6
from harness.failure import Failure

LOG = [
    "phase base",
    'time="x" level=warning msg="Request Failed"',
    'unexpected {"at":"2026-01-01T00:00:00Z","phase":"rise","route":"GET /users/{id}","status":503,"error":""}',
    "phase rise",
    'summary {"requests":1200,"errors":1,"dropped":0,"p95_ms":{"base":3.5}}',
]


def test_reads_the_log_of_a_run():
    assert [k6.phase_started(line) for line in LOG] == ["base", None, None, "rise", None]
    assert [(answer["status"], answer["phase"]) for answer in k6.unexpected(LOG)] == [(503, "rise")]
    assert k6.summary(LOG)["requests"] == 1200


def test_a_run_that_broke_off_is_a_failure_with_its_last_words():
    with pytest.raises(Failure, match="phase rise"):
        k6.summary(LOG[:-1])


def test_reads_live_figures():
    def metric(name, **sample):
        return {"type": "metrics", "id": name, "attributes": {"type": "counter", "sample": sample}}

    figures = k6.parse_figures({"data": [
        metric("sent", count=300, rate=60.0), metric("unexpected", count=2, rate=0.1),
        metric("http_req_duration", **{"p(95)": 9.0}),
        metric("http_req_duration{scenario:base}", **{"p(95)": 4.25}),
        metric("http_req_duration{scenario:rise}", **{"p(95)": 0})]})
    assert figures == k6.Figures(requests=300, errors=2, p95_ms={"base": 4.25})


def test_no_figures_yet():
    assert k6.parse_figures({"data": None}) == k6.Figures(0, 0, {})


def test_its_pod_is_fit_for_a_restricted_namespace():
    spec = k6.pod("load", "mixed", {"A": "b"})["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"name": "A", "value": "b"} in spec["containers"][0]["env"]
