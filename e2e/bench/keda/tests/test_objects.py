"""The two sides must be asked for the same, or the comparison is none."""

from bench.keda import load, objects, scenario


def test_both_sides_scale_on_the_same_query_to_the_same_count():
    query = scenario.query(7)
    ours = objects.backend(7, query, "HPA")["spec"]["api"]["autoscaling"]
    theirs = objects.scaled_object(7, query)["spec"]
    assert ours["metrics"][0]["query"] == theirs["triggers"][0]["metadata"]["query"] == 'max(load{backend="backend-0007"})'
    assert ours["metrics"][0]["target"]["averageValue"] == theirs["triggers"][0]["metadata"]["threshold"]
    assert (ours["minReplicas"], ours["maxReplicas"]) == (theirs["minReplicaCount"], theirs["maxReplicaCount"])
    assert objects.deployment(7)["metadata"]["name"] == theirs["scaleTargetRef"]["name"]


def test_a_deployment_needs_nothing_that_is_not_there():
    spec = objects.deployment(7)["spec"]["template"]["spec"]
    assert "schedulerName" not in spec and "volumes" not in spec
    assert all("volumeMounts" not in container for container in spec["containers"])


def test_the_metric_wavers_without_asking_for_another_count():
    for value in (scenario.STEADY, *scenario.STEPS):
        wanted = scenario.replicas(value)
        for now in range(100):
            text = load.page([value] * 3, now).splitlines()
            values = [float(line.split()[1]) for line in text[1:]]
            assert {scenario.replicas(each) for each in values} == {wanted}
            assert all(0.9 < each / (wanted * scenario.TARGET) < 1.1 for each in values), "outside of the tolerance"


def test_the_change_of_a_query_leaves_the_rest_alone():
    assert list(objects.other_query("up")["spec"]["api"]["autoscaling"]) == ["metrics"]
    assert objects.other_query("up")["spec"]["api"]["autoscaling"]["metrics"][0]["query"] == "up"
    assert objects.other_trigger("up")["spec"]["triggers"][0]["metadata"]["query"] == "up"
