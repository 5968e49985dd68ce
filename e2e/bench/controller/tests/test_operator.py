from bench.controller import operator


def test_conditions_count_only_if_true():
    assert operator.has_condition({"status": operator.done_job()}, "Complete")
    assert not operator.has_condition({"status": {"conditions": [{"type": "Complete", "status": "False"}]}}, "Complete")
    assert not operator.has_condition({}, "Complete")


def test_a_played_deployment_is_complete_at_its_generation():
    status = operator.available_deployment(3, 2)
    assert status["observedGeneration"] == 3 and status["availableReplicas"] == status["updatedReplicas"] == 2
