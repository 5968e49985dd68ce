"""What is scaled, for how long, and with what settings."""

from dataclasses import dataclass
from typing import Any

from bench.scaling.waves import Wave

Object = dict[str, Any]
NAMESPACE = "bench-scaling"
STORE = "steps"            # the backend whose database and cache all of them share
DIRECT, HPA = "Direct", "HPA"
TARGET, LOW, TOP = 10, 10, 20   # one pod, two pods
_SMALL = {"requests": {"cpu": "10m", "memory": "24Mi"}}


@dataclass(frozen=True)
class Scenario:
    workloads: int = 8           # of each engine
    period_seconds: float = 53.7  # no multiple of any period of the operator or of the controller
    cycles: int = 7
    # The HPA controller looks every 15 s, at a sample that may be 21 s old: half of its period has to be longer than both.
    hpa_period_seconds: float = 97.1
    hpa_cycles: int = 4
    zero_backends: int = 3
    zero_period_seconds: float = 61.3
    zero_cycles: int = 4

    def steps_of(self, engine: str) -> tuple[float, int]:
        """The period of an engine's waves, and how many."""
        return (self.period_seconds, self.cycles) if engine == DIRECT else (self.hpa_period_seconds, self.hpa_cycles)


FULL = Scenario()
QUICK = Scenario(workloads=2, cycles=2, hpa_cycles=2, zero_backends=1, zero_cycles=2)


def deployment(engine: str, number: int) -> str:
    """The name of the workload's Deployment."""
    return f"{STORE}-worker-{_worker(engine, number)}"


def stepping_backend(waves: dict[str, list[Wave]]) -> Object:
    """One backend with a worker for each wave, by engine. A decision in either direction is never held back."""
    workers = [{"name": _worker(engine, number), "resources": _SMALL, "autoscaling": {
        "engine": engine, "minReplicas": 1, "maxReplicas": 4,
        "metrics": [_metric(wave.query(LOW, TOP))],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}}}}
        for engine, each in waves.items() for number, wave in enumerate(each)]
    return _backend(STORE, {
        "api": {"replicas": 1, "resources": _SMALL}, "workers": workers,
        "database": {"postgres": {"storage": {"size": "256Mi"}, "resources": _SMALL}},
        "cache": {"redis": {"storage": {"size": "64Mi"}, "resources": _SMALL}}})


def zero_name(number: int) -> str:
    return f"zero-{number}"


def zero_backend(number: int, wave: Wave) -> Object:
    """A backend at zero, but for the high part of its wave; its database and cache are those of the stepping one."""
    def url(key: str) -> Object:
        return {"external": {"secretRef": {"name": "stores", "key": key}}}

    return _backend(zero_name(number), {
        "api": {"resources": _SMALL, "shutdownDelaySeconds": 0, "autoscaling": {
            "engine": DIRECT, "minReplicas": 0, "maxReplicas": 2, "cooldown": "10s", "metrics": [_metric(wave.query(0, TARGET))]}},
        "database": url("database"), "cache": url("redis")})


def _worker(engine: str, number: int) -> str:
    return f"{engine.lower()}-{number}"


def _metric(query: str) -> Object:
    return {"type": "Prometheus", "name": "wave", "query": query, "target": {"averageValue": str(TARGET)}}


def _backend(name: str, spec: Object) -> Object:
    return {"apiVersion": "scalablebackend.io/v1alpha1", "kind": "ScalableBackend",
            "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
