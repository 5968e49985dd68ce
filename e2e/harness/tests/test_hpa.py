from harness import hpa


def test_reads_value_target_and_wish():
    reading = hpa.read({
        "spec": {"metrics": [
            {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 70}}},
            {"type": "External", "external": {"target": {"type": "AverageValue", "averageValue": "50"}}}]},
        "status": {"desiredReplicas": 6, "currentReplicas": 2,
                   "currentMetrics": [{"type": "External", "external": {"current": {"averageValue": "150500m"}}}],
                   "conditions": [{"type": "ScalingActive", "status": "True", "message": "fine"}]},
    })
    assert reading == hpa.Reading(150.5, 50, 6, 2, True, "")


def test_a_new_one_has_nothing_to_say():
    assert hpa.read({"spec": {}}) == hpa.Reading(None, None, None, None, None, "")


def test_says_why_it_does_not_scale():
    reading = hpa.read({"status": {"currentMetrics": None, "conditions": [
        {"type": "ScalingActive", "status": "False", "message": "unable to get external metric"}]}})
    assert reading.scaling_active is False
    assert reading.why_inactive == "unable to get external metric"
