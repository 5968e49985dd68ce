"""Whatever Prometheus answers that is not one fresh number, nothing is scaled in, and somebody is told why."""

import time

import pytest

from harness import operator_pods, release
from prometheus_faults.answers import FAULTS
from prometheus_faults.matrix import BUSY, FALLBACK_PODS, PODS, QUIET, Matrix
from prometheus_faults.stand_ins import StandIns

_FAULT_SECONDS = 100.0   # longer than a sample lives (60 s), than every window, and six syncs of the HPA controller


@pytest.fixture
def prometheus(cluster):
    if not cluster.local:
        pytest.skip("the stand-ins for Prometheus run in a node's network: our own cluster only")
    with StandIns() as stand_ins:
        yield stand_ins


def _operator_pods(kube):
    return sorted((pod["metadata"]["uid"], sum(c["restartCount"] for c in pod["status"]["containerStatuses"]))
                  for pod in kube.list("Pod", release.NAMESPACE, operator_pods.SELECTOR))


@pytest.mark.timeout(1200)
def test_no_answer_scales_in_but_a_right_one(kube, namespace, prometheus, figure):
    """An outage of the monitoring at the top of the day, at the very moment when the load seems to fall."""
    prometheus.turn(faulty=False, value=BUSY)
    matrix = Matrix(kube, namespace, prometheus)
    matrix.scale_to_four()
    operator_pods.until_all_ready(kube)   # one that a test before has killed is not back at once
    operator = _operator_pods(kube)
    assert operator

    with matrix.counts_watched() as watched:
        prometheus.turn(faulty=True, value=QUIET)
        began = time.monotonic()
        matrix.until_told(90)
        figure("fault_told_s", time.monotonic() - began)
        matrix.until_counts(PODS, FALLBACK_PODS, 120)
        time.sleep(max(0.0, began + _FAULT_SECONDS - time.monotonic()))   # that nothing happens is the point
        # Until the last. Not a look: a stand-in that was late once is told as late for a moment.
        matrix.until_told(90)
    assert watched.scale_ins == []
    assert watched.believed == []
    assert {change[1] for change in watched.changes} == {
        f"{fault.name}-worker-{engine}-fallback" for fault in FAULTS for engine in ("direct", "hpa")}, watched.changes

    asked = prometheus.turn(faulty=False, value=BUSY)
    assert all(count > 5 for name, count in asked.items() if name != "refused"), asked
    figure("fault_recovery_s", matrix.until_fresh(120))
    matrix.until_counts(PODS, PODS, 150)
    prometheus.turn(faulty=False, value=QUIET)
    matrix.until_counts(1, 1, 150)
    assert _operator_pods(kube) == operator, "the operator was restarted"
    figure("fault_workloads", matrix.workloads)
