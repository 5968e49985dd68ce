"""What a HorizontalPodAutoscaler says, as numbers: the metric it read, its target and the replicas it wants."""

from dataclasses import dataclass
from typing import Any

from harness import quantity


@dataclass(frozen=True)
class Reading:
    """`value` and `target` are in the metric's own unit, a pod; None: not (yet) in the object."""

    value: float | None
    target: float | None
    desired: int | None
    current: int | None
    scaling_active: bool | None
    why_inactive: str


def read(autoscaler: dict[str, Any]) -> Reading:
    """Reads the first External metric of an autoscaling/v2 object."""
    spec, status = autoscaler.get("spec", {}), autoscaler.get("status", {})
    active = next((c for c in status.get("conditions") or [] if c["type"] == "ScalingActive"), None)
    return Reading(
        value=_first(status.get("currentMetrics"), "current"),
        target=_first(spec.get("metrics"), "target"),
        desired=status.get("desiredReplicas"),
        current=status.get("currentReplicas"),
        scaling_active=None if active is None else active["status"] == "True",
        why_inactive="" if active is None or active["status"] == "True" else active.get("message", ""),
    )


def _first(metrics: list[dict[str, Any]] | None, key: str) -> float | None:
    for metric in metrics or []:
        if metric.get("type") == "External":
            numbers = metric["external"].get(key, {})
            text = numbers.get("averageValue") or numbers.get("value")
            return None if text is None else quantity.parse(text)
    return None
