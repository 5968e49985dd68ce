import pytest

from bench.controller import objects
from bench.controller.scenario import FULL, PODS_PER_WIDGET


def test_every_pod_has_a_name_an_address_and_a_container_of_its_own():
    sample = range(0, FULL.pods, 7)
    assert len({objects.pod_name(index) for index in sample}) == len(sample)
    assert len({objects.pod_status(index)["podIP"] for index in sample}) == len(sample)
    assert len({objects.pod_status(index)["containerStatuses"][0]["containerID"] for index in sample}) == len(sample)


@pytest.mark.parametrize("index", [0, 6249, 9999])
def test_addresses_are_ones(index):
    parts = objects.pod_status(index)["podIP"].split(".")
    assert len(parts) == 4 and all(0 <= int(part) <= 255 for part in parts)


def test_a_widget_says_how_many_of_its_pods_are_ready():
    """Else both managers would write instead of doing nothing, which is what is measured."""
    counts = [objects.ready_pods(widget) for widget in range(22)]
    for widget, count in enumerate(counts):
        pods = [objects.pod(widget * PODS_PER_WIDGET + n) for n in range(PODS_PER_WIDGET)]
        assert {pod["metadata"]["labels"]["bench/widget"] for pod in pods} == {objects.widget_name(widget)}
        statuses = [objects.pod_status(widget * PODS_PER_WIDGET + n) for n in range(PODS_PER_WIDGET)]
        ready = [status for status in statuses if status["phase"] == "Running" and any(
            each["type"] == "Ready" and each["status"] == "True" for each in status["conditions"])]
        assert len(ready) == count
    assert len(set(counts)) > 1


def test_nobody_schedules_a_pod():
    assert objects.pod(1)["spec"]["schedulerName"] == "nobody" and "nodeName" not in objects.pod(1)["spec"]


def test_foreign_secrets_do_not_match_the_managers_selector():
    labels = objects.foreign_secret(3)["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] != objects.own_secret(3)["metadata"]["labels"]["app.kubernetes.io/managed-by"]
