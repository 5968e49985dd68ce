"""How long the decisions took: steps of metrics on one side, changes of spec.replicas, as a watch tells them, on the other."""

import time
from collections import defaultdict

from bench.controller.progress import Bar
from bench.scaling import waves
from bench.scaling.scenario import DIRECT, HPA, LOW, NAMESPACE, STORE, TARGET, TOP, Scenario, deployment, stepping_backend
from harness.api import Api, in_background
from harness.cluster import Cluster
from harness.failure import Failure
from harness.steps import say

_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
_READY_SECONDS = 240.0
_LEAD_SECONDS = 50.0     # from now to the first step: a round of the HPA controller, and pods that start
_PROMETHEUS = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query"

Changes = dict[str, list[tuple[float, int]]]   # by Deployment: when, to how many


def measure(cluster: Cluster, api: Api, scenario: Scenario, apply) -> dict[str, list[float]]:
    """Seconds from each step up to its decision, by engine."""
    until_ready(api, apply, stepping_backend(_waves(scenario, time.time() + 1e6)), STORE)
    plan = _waves(scenario, time.time() + _LEAD_SECONDS)
    changes: Changes = defaultdict(list)
    ends = max(wave.begin + scenario.steps_of(engine)[1] * wave.period for engine, each in plan.items() for wave in each)
    in_background("counts", lambda: _watch(api, changes, ends + 60))
    apply(stepping_backend(plan))
    _check_the_clock(api, plan[DIRECT][0])
    with Bar(f"{scenario.workloads} workloads of each engine, {scenario.cycles} and {scenario.hpa_cycles} steps each", ends - time.time()) as bar:
        before = time.time()
        while (now := time.time()) < ends:
            bar.advance(now - before)
            before = now
            time.sleep(0.5)
    return {engine: [delay for number, wave in enumerate(each)
                     for delay in delays(wave, changes[deployment(engine, number)], scenario.steps_of(engine)[1], engine)]
            for engine, each in plan.items()}


def delays(wave: waves.Wave, changes: list[tuple[float, int]], cycles: int, who: str) -> list[float]:
    """Of each step up, how long until the count followed; Failure if one did not before the metric fell again. Pure."""
    out = []
    for step in wave.steps(wave.begin + cycles * wave.period - 1e-3):
        followed = [at for at, count in changes if step <= at < step + wave.high and count == TOP // TARGET]
        if not followed:
            raise Failure(f"{who}: the count did not follow a step within {wave.high:g} s; it changed at "
                          f"{[(round(at - step, 1), count) for at, count in changes]} s after it")
        out.append(followed[0] - step)
    return out


def until_ready(api: Api, apply, thing: dict, name: str) -> None:
    apply(thing)
    path = f"/apis/scalablebackend.io/v1alpha1/namespaces/{NAMESPACE}/scalablebackends/{name}"
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        conditions = {each["type"]: each for each in api.get(path).get("status", {}).get("conditions", [])}
        if conditions.get("Ready", {}).get("status") == "True":
            return
        if time.monotonic() > deadline:
            raise Failure(f"{name} was not Ready in {_READY_SECONDS:g} s: {conditions.get('Ready', {}).get('message')}")
        time.sleep(0.5)


def _waves(scenario: Scenario, begin: float) -> dict[str, list[waves.Wave]]:
    return {engine: waves.spread(scenario.workloads, begin, period, period / 2)
            for engine in (DIRECT, HPA) for period, _ in [scenario.steps_of(engine)]}


def _watch(api: Api, changes: Changes, ends: float) -> None:
    known: dict[str, int] = {}
    while (left := ends - time.time()) > 0:
        for _, thing in api.watch(_DEPLOYMENTS, int(left) + 1):
            now, name, count = time.time(), thing["metadata"]["name"], thing["spec"].get("replicas")
            if known.get(name) != count:
                known[name] = count
                changes[name].append((now, count))


def _check_the_clock(api: Api, wave: waves.Wave) -> None:
    """That Prometheus shows the step when the wave says so: it is what every delay is measured from."""
    time.sleep(max(wave.begin - 1 - time.time(), 0))
    while True:
        asked = time.time()
        result = api.get(_PROMETHEUS, query=wave.query(LOW, TOP))["data"]["result"]
        answered = time.time()
        if float(result[0]["value"][1]) >= TOP:
            break
        if answered > wave.begin + 5:
            raise Failure("Prometheus does not show the step: its clock is another one")
    if answered < wave.begin or asked > wave.begin + 1:
        raise Failure(f"Prometheus shows the step {answered - wave.begin:.3f} s after its time")
    say(f"Prometheus shows a step within {max(answered - wave.begin, 0) * 1000:.0f} ms of its time")
