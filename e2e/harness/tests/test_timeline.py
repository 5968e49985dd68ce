from harness.timeline import PodLog, Sample, Timeline


def pod(name, ready=False, going=False):
    metadata = {"name": name} | ({"deletionTimestamp": "now"} if going else {})
    return {"metadata": metadata,
            "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}}


def record(events):
    timeline = Timeline()
    log = PodLog(timeline)
    for at, kind, thing in events:
        log.observe(at, kind, thing)
    return timeline, log


def test_scale_out_counts_to_the_first_pod_that_is_new():
    timeline, log = record([
        (1, "ADDED", pod("a", ready=True)),
        (12, "MODIFIED", pod("a", ready=True)),   # not new
        (13, "ADDED", pod("b")),
        (19, "MODIFIED", pod("b", ready=True)),
        (21, "MODIFIED", pod("b", ready=True)),
    ])
    timeline.phases["rise"] = 10
    assert timeline.scale_out_s("rise") == 9
    assert log.ready == 2


def test_scale_in_counts_to_the_moment_a_pod_is_told_to_go():
    timeline, log = record([
        (1, "ADDED", pod("a", ready=True)), (1, "ADDED", pod("b", ready=True)),
        (30, "MODIFIED", pod("b", ready=True, going=True)),
        (36, "DELETED", pod("b", going=True)),
    ])
    timeline.phases["fall"] = 20
    assert timeline.scale_in_s("fall") == 10
    assert timeline.removed == [(30, "b")]
    assert log.ready == 1


def test_a_pod_that_left_before_the_phase_does_not_count():
    timeline, _ = record([(5, "DELETED", pod("a"))])
    timeline.phases["fall"] = 20
    assert timeline.scale_in_s("fall") is None
    assert timeline.scale_out_s("never began") is None


def test_a_pod_that_turns_unready_no_longer_serves():
    _, log = record([(1, "ADDED", pod("a", ready=True)), (2, "MODIFIED", pod("a"))])
    assert log.ready == 0


def test_max_ready():
    assert Timeline().max_ready() == 0
    assert Timeline([Sample(0, ready=2), Sample(1, ready=7), Sample(2, ready=3)]).max_ready() == 7
