"""Backends at four pods, one for each fault of Prometheus, and what becomes of their counts while nothing can be known.

    matrix = Matrix(kube, namespace, prometheus)
    matrix.scale_to_four()
    with matrix.counts_watched() as watched: ...the answers are wrong, and the load has fallen...
    assert not watched.scale_ins

Each has four workloads: engine HPA and engine Direct, and both with a fallback of six. Their pods fit no node: what is
at stake is spec.replicas, and with averageValue neither engine asks whether pods are ready.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.backend import conditions
from harness.kube import Kube, Object
from prometheus_faults.answers import FAULTS, Fault
from prometheus_faults.stand_ins import StandIns

BUSY = 40.0    # four pods
QUIET = 10.0   # the truth while the answers are wrong: one pod
PODS = 4
FALLBACK_AFTER_S = 30
FALLBACK_PODS = 6
METRIC = "load"
# Workload -> whether it has a fallback.
WORKLOADS = {"api": False, "direct": False, "direct-fallback": True, "hpa-fallback": True}


def _autoscaling(engine: str, fallback: bool) -> Object:
    spec = {
        "engine": engine, "minReplicas": 1, "maxReplicas": 10,
        "metrics": [{"type": "Prometheus", "name": METRIC, "query": "sum(load)", "target": {"averageValue": "10"}}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 5,
                                   "policies": [{"type": "Percent", "value": 100, "periodSeconds": 5}]}},
    }
    if fallback:
        spec["fallback"] = {"after": f"{FALLBACK_AFTER_S}s", "replicas": FALLBACK_PODS}
    return spec


def _spec(server: str) -> Object:
    def workload(name: str) -> Object:
        return {"autoscaling": _autoscaling("Direct" if "direct" in name else "HPA", WORKLOADS[name]),
                "nodeSelector": {"example.com/no-such-node": "true"},
                "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}}}

    return {
        "api": workload("api"),
        "workers": [{"name": name, "command": ["todo", "worker"], **workload(name)}
                    for name in WORKLOADS if name != "api"],
        "database": {"external": {"secretRef": {"name": "elsewhere", "key": "url"}}},
        "cache": {"external": {"secretRef": {"name": "elsewhere", "key": "url"}}},
        "migrations": {"enabled": False},
        "monitoring": {"prometheus": {"url": server}},
    }


@dataclass
class Watched:
    """Every change of a count that was seen: (seconds since the start, Deployment, before, after). `believed`: backends
    whose metrics were called fresh after they had been called anything else: the last good answer was before that."""

    changes: list[tuple[float, str, int, int]] = field(default_factory=list)
    believed: list[tuple[float, str]] = field(default_factory=list)

    @property
    def scale_ins(self) -> list[tuple[float, str, int, int]]:
        return [change for change in self.changes if change[3] < change[2]]


class Matrix:
    def __init__(self, kube: Kube, namespace: str, prometheus: StandIns) -> None:
        self._kube = kube
        self._namespace = namespace
        self._prometheus = prometheus
        self.workloads = len(FAULTS) * len(WORKLOADS)

    def scale_to_four(self, seconds: float = 240) -> None:
        self._kube.create("Secret", self._namespace, {
            "metadata": {"name": "elsewhere"}, "stringData": {"url": "postgresql://nobody@127.0.0.1/none"}})
        for fault in FAULTS:
            self._kube.apply("ScalableBackend", self._namespace, {
                "metadata": {"name": fault.name}, "spec": _spec(self._prometheus.server(fault.name))})
        self.until_counts(PODS, PODS, seconds)
        self.until_fresh(seconds)

    def until_counts(self, held: int, fallback: int, seconds: float) -> None:
        """Until the workloads have `held` pods, those with a fallback `fallback`."""
        wanted = {_deployment(fault, workload): fallback if WORKLOADS[workload] else held
                  for fault in FAULTS for workload in WORKLOADS}
        self._kube.until("Deployment", self._namespace, lambda found: _counts(found) == wanted, seconds,
                         f"{held} pods each, with a fallback {fallback}")

    def until_fresh(self, seconds: float) -> float:
        """Until every condition says that the metrics are fresh; how long it took."""
        began = time.monotonic()
        self._until_all(lambda fault, thing: conditions(thing).get("ScalingActive", {}).get("status") == "True",
                        seconds, "ScalingActive is True again")
        return time.monotonic() - began

    def until_told(self, seconds: float) -> None:
        """Until each backend says what is wrong: server, query and reason in the condition, the rule in the status."""
        self._until_all(lambda fault, thing: not self.unsaid(fault, thing), seconds,
                        "every fault is told by its condition and by status.autoscaling",
                        lambda fault, thing: self.unsaid(fault, thing))

    def unsaid(self, fault: Fault, backend: Object) -> list[str]:
        """What the status should say of the fault, and does not."""
        condition = conditions(backend).get("ScalingActive", {})
        message = condition.get("message", "")
        lacking = [words for words in (METRIC, self._prometheus.server(fault.name), *fault.words)
                   if words not in message]
        if condition.get("status") != "False":
            lacking.append("status False")
        told = backend["status"].get("autoscaling", {})
        rules = {"api": told.get("api", {}).get("rule"),
                 **{worker["name"]: worker.get("rule") for worker in told.get("workers", [])}}
        wanted = {"api": "FailedGetExternalMetric", "direct": "NoEvidence", "direct-fallback": "Fallback"}
        lacking += [f"{name}: {rules.get(name)}, not {rule}" for name, rule in wanted.items()
                    if rules.get(name) != rule]
        return lacking and [*lacking, message]

    def all_unsaid(self) -> dict[str, list[str]]:
        things = {thing["metadata"]["name"]: thing for thing in self._kube.list("ScalableBackend", self._namespace)}
        unsaid = {fault.name: self.unsaid(fault, things[fault.name]) for fault in FAULTS}
        return {name: lacking for name, lacking in unsaid.items() if lacking}

    @contextmanager
    def counts_watched(self) -> Iterator[Watched]:
        """Every version of every Deployment and of every status in between, not a look now and then."""
        watched, over = Watched(), threading.Event()
        began, known = time.monotonic(), _counts(self._kube.list("Deployment", self._namespace))
        doubted: set[str] = set()

        def note_belief(things: list[Object]) -> bool:
            for thing in things:
                name = thing["metadata"]["name"]
                if conditions(thing).get("ScalingActive", {}).get("status") != "True":
                    doubted.add(name)
                elif name in doubted:
                    doubted.remove(name)
                    watched.believed.append((round(time.monotonic() - began, 1), name))
            return over.is_set()

        def note(things: list[Object]) -> bool:
            for name, count in _counts(things).items():
                if count != known.get(name, count):
                    watched.changes.append((round(time.monotonic() - began, 1), name, known[name], count))
                known[name] = count
            return over.is_set()

        def follow(kind: str, look: Callable[[list[Object]], bool]) -> None:
            while not over.is_set():
                try:
                    self._kube.until(kind, self._namespace, look, 3, "the end of the watch")
                except AssertionError:
                    pass   # three seconds have passed

        threads = [threading.Thread(target=follow, args=each, name=f"watch {each[0]}", daemon=True)
                   for each in (("Deployment", note), ("ScalableBackend", note_belief))]
        for thread in threads:
            thread.start()
        try:
            yield watched
        finally:
            over.set()
            for thread in threads:
                thread.join(20)
            note(self._kube.list("Deployment", self._namespace))
            note_belief(self._kube.list("ScalableBackend", self._namespace))

    def _until_all(self, check: Callable[[Fault, Object], bool], seconds: float, what: str,
                   explain: Callable[[Fault, Object], object] = lambda fault, thing: "") -> None:
        missing: dict[str, object] = {}

        def all_fit(things: list[Object]) -> bool:
            by_name = {thing["metadata"]["name"]: thing for thing in things}
            missing.clear()
            missing.update({fault.name: explain(fault, by_name[fault.name]) for fault in FAULTS
                            if not check(fault, by_name[fault.name])})
            return not missing

        try:
            self._kube.until("ScalableBackend", self._namespace, all_fit, seconds, what)
        except AssertionError:
            raise AssertionError(f"{what}: not in {seconds:g} s: {missing}") from None


def _deployment(fault: Fault, workload: str) -> str:
    return f"{fault.name}-api" if workload == "api" else f"{fault.name}-worker-{workload}"


def _counts(deployments: list[Object]) -> dict[str, int]:
    return {thing["metadata"]["name"]: thing["spec"].get("replicas", 1) for thing in deployments}
